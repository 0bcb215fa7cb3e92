/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cases that no machine in tests/fixtures has; those are compared with lspci itself. */
#include "cmd/gpu-lspci.h"

#include <string.h>

/* A device that decodes memory and I/O and of which nothing else is known. */
static Gpu plain(void)
{
    return (Gpu){
        .bdf = (char *)"0000:00:02.0",
        .vendor_id = 0x8086,
        .device_id = 0x3e98,
        .class_id = 0x0300,
        .command = 0x0003,
        .status = 0x0000,
        .numa_node = -1,
    };
}

static void check_line(const Gpu *gpu, const char *line)
{
    g_autofree char *text = gpu_lspci_text(gpu);
    g_autofree char *whole = g_strconcat("\n", text, NULL);
    g_autofree char *wanted = g_strconcat("\n", line, "\n", NULL);
    if (strstr(whole, wanted) == NULL)
        g_error("no line \"%s\" in:\n%s", line, text);
}

static void test_without_names(void)
{
    Gpu gpu = plain();
    gpu.subvendor_id = 0x1458;
    gpu.subdevice_id = 0xd000;
    check_line(&gpu, "00:02.0 Class [0300]: Device [8086:3e98]");
    check_line(&gpu, "\tSubsystem: Device [1458:d000]");
    gpu.vendor_name = gpu.subvendor_name = (char *)"Maker";
    gpu.class_name = (char *)"VGA compatible controller";
    gpu.prog_if = 1;
    gpu.revision = 0x0a;
    check_line(&gpu, "00:02.0 VGA compatible controller [0300]: Maker Device [8086:3e98] (rev 0a) "
                     "(prog-if 01)");
    check_line(&gpu, "\tSubsystem: Maker Device [1458:d000]");
}

/* a server with more than one PCI domain (NUMA machines, Intel VMD) */
static void test_domain(void)
{
    Gpu gpu = plain();
    gpu.bdf = (char *)"10000:01:00.0";
    check_line(&gpu, "10000:01:00.0 Class [0300]: Device [8086:3e98]");
}

static void test_latency(void)
{
    Gpu gpu = plain();
    gpu.command = 0x0004;
    gpu.latency = 64;
    check_line(&gpu, "\tLatency: 64");
    gpu.min_grant = 2;
    check_line(&gpu, "\tLatency: 64 (500ns min)");
    gpu.max_latency = 1;
    check_line(&gpu, "\tLatency: 64 (500ns min, 250ns max)");
    gpu.min_grant = 0;
    gpu.cache_line_bytes = 32;
    check_line(&gpu, "\tLatency: 64 (250ns max), Cache Line Size: 32 bytes");
}

static void test_status(void)
{
    Gpu gpu = plain();
    gpu.status = 0xffff;
    check_line(&gpu, "\tStatus: Cap+ 66MHz+ UDF+ FastB2B+ ParErr+ DEVSEL=?? >TAbort+ <TAbort+ "
                     "<MAbort+ >SERR+ <PERR+ INTx+");
    gpu.status = 0x0400;
    check_line(&gpu, "\tStatus: Cap- 66MHz- UDF- FastB2B- ParErr- DEVSEL=slow >TAbort- <TAbort- "
                     "<MAbort- >SERR- <PERR- INTx-");
}

static void check_region(PciRegion region, const char *line)
{
    Gpu gpu = plain();
    gpu.regions = g_ptr_array_new();
    g_ptr_array_add(gpu.regions, &region);
    check_line(&gpu, line);
    g_ptr_array_free(gpu.regions, TRUE);
}

static void test_regions(void)
{
    check_region((PciRegion){ .start = 0, .bar = 0, .size_bytes = 1 << 20 },
                 "\tRegion 0: Memory at <unassigned> (32-bit, non-prefetchable) [size=1M]");
    check_region((PciRegion){ .start = 0, .bar = 4, .wide = TRUE, .disabled = TRUE },
                 "\tRegion 0: Memory at <ignored> (64-bit, non-prefetchable) [disabled]");
    check_region((PciRegion){ .start = 0xa0000, .size_bytes = 0x20000 },
                 "\tRegion 0: Memory at 000a0000 (32-bit, non-prefetchable) [virtual] [size=128K]");
    check_region((PciRegion){ .index = 1,
                              .kind = PCI_REGION_IO,
                              .start = 0,
                              .bar = 1,
                              .disabled = TRUE,
                              .size_bytes = 8 },
                 "\tRegion 1: I/O ports at <ignored> [disabled] [size=8]");
    check_region((PciRegion){ .start = 0x1000, .bar = 0x1000, .size_bytes = 3000 },
                 "\tRegion 0: Memory at 00001000 (32-bit, non-prefetchable) [size=3000]");
}

static void test_rom(void)
{
    const PciRegion rom = { .index = 6,
                            .kind = PCI_REGION_ROM,
                            .start = 0xf7000000,
                            .bar = 0xf7000001,
                            .rom_enabled = TRUE,
                            .size_bytes = 64 << 10 };
    check_region(rom, "\tExpansion ROM at f7000000 [size=64K]");
    PciRegion off = rom;
    off.disabled = TRUE;
    check_region(off, "\tExpansion ROM at f7000000 [disabled by cmd] [size=64K]");
    PciRegion unassigned = { .index = 6, .kind = PCI_REGION_ROM, .disabled = TRUE };
    check_region(unassigned, "\tExpansion ROM at <unassigned> [disabled]");
    unassigned.bar = 0xf7000000;
    check_region(unassigned, "\tExpansion ROM at <ignored> [disabled]");
}

/* a name from the firmware cannot move the cursor */
static void test_hostile_label(void)
{
    Gpu gpu = plain();
    gpu.label = (char *)"Video\033[2J\nControl: I/O-";
    check_line(&gpu, "\tDeviceName: Video\\x1b[2J\\x0aControl: I/O-");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu-lspci/without-names", test_without_names);
    g_test_add_func("/gpu-lspci/domain", test_domain);
    g_test_add_func("/gpu-lspci/latency", test_latency);
    g_test_add_func("/gpu-lspci/status", test_status);
    g_test_add_func("/gpu-lspci/regions", test_regions);
    g_test_add_func("/gpu-lspci/rom", test_rom);
    g_test_add_func("/gpu-lspci/hostile-label", test_hostile_label);
    return g_test_run();
}
