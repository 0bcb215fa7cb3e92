/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-regions.h"

static void free_regions(GPtrArray *regions)
{
    for (guint i = 0; i < regions->len; i++)
        record_free(&pci_region_type, regions->pdata[i]);
    g_ptr_array_free(regions, TRUE);
}

static void put_long(PciConfig *config, guint offset, guint32 value)
{
    for (guint i = 0; i < 4; i++)
        config->header[offset + i] = (guint8)(value >> 8 * i);
}

/* memory and I/O decoding on, nothing in the base address registers */
static PciConfig plain_config(void)
{
    PciConfig config = { .header_read = TRUE };
    put_long(&config, 0x04, 0x00100003);
    return config;
}

static void test_kinds(void)
{
    PciConfig config = plain_config();
    put_long(&config, 0x10, 0x0000000c);
    put_long(&config, 0x14, 0x00000040);
    put_long(&config, 0x18, 0x00004001);
    GPtrArray *regions =
        pci_regions_parse("0x0000004000000000 0x000000400fffffff 0x000000000014220c\n"
                          "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                          "0x0000000000004000 0x000000000000403f 0x0000000000040101\n",
                          &config);
    g_assert_cmpuint(regions->len, ==, 2);

    const PciRegion *memory = regions->pdata[0];
    g_assert_cmpint(memory->kind, ==, PCI_REGION_MEMORY);
    g_assert_cmphex(memory->start, ==, 0x4000000000);
    g_assert_cmphex(memory->size_bytes, ==, 256 << 20);
    g_assert_cmphex(memory->bar, ==, 0x400000000c);
    g_assert_true(memory->wide && memory->prefetchable && !memory->disabled);

    const PciRegion *io = regions->pdata[1];
    g_assert_cmpint(io->index, ==, 2);
    g_assert_cmpint(io->kind, ==, PCI_REGION_IO);
    g_assert_cmpuint(io->size_bytes, ==, 64);
    free_regions(regions);
}

static void test_decoding_off(void)
{
    PciConfig config = plain_config();
    put_long(&config, 0x04, 0x00100001);
    GPtrArray *regions =
        pci_regions_parse("0x00000000f0000000 0x00000000f0000fff 0x0000000000040200\n"
                          "0x0000000000004000 0x000000000000403f 0x0000000000040101\n",
                          &config);
    g_assert_true(((PciRegion *)regions->pdata[0])->disabled);
    g_assert_false(((PciRegion *)regions->pdata[1])->disabled);
    free_regions(regions);
}

static PciRegion *parse_rom(const char *line, guint32 rom, guint32 command)
{
    PciConfig config = plain_config();
    put_long(&config, 0x30, rom);
    put_long(&config, 0x04, command);
    g_autofree char *text = g_strconcat("0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n", line, NULL);
    GPtrArray *regions = pci_regions_parse(text, &config);
    g_assert_cmpuint(regions->len, <=, 1);
    PciRegion *region = regions->len > 0 ? regions->pdata[0] : NULL;
    g_ptr_array_free(regions, TRUE);
    return region;
}

static void check_rom(PciRegion *rom, gboolean virtual_rom, gboolean enabled, gboolean disabled)
{
    g_assert_cmpint(rom->kind, ==, PCI_REGION_ROM);
    g_assert_cmpint(rom->virtual_rom, ==, virtual_rom);
    g_assert_cmpint(rom->rom_enabled, ==, enabled);
    g_assert_cmpint(rom->disabled, ==, disabled);
    record_free(&pci_region_type, rom);
}

static void test_rom(void)
{
    const char *shadow = "0x00000000000c0000 0x00000000000dffff 0x0000000000000212";
    const char *own = "0x00000000f7000000 0x00000000f707ffff 0x0000000000046200";
    check_rom(parse_rom(shadow, 0, 0x3), TRUE, FALSE, TRUE);
    check_rom(parse_rom(own, 0xf7000000, 0x3), FALSE, FALSE, TRUE);
    check_rom(parse_rom(own, 0xf7000001, 0x3), FALSE, TRUE, FALSE);
    check_rom(parse_rom(own, 0xf7000001, 0x1), FALSE, TRUE, TRUE);
    g_assert_null(parse_rom("0 0 0", 0, 0x3));
}

/* what cannot be read is left out; nothing is made up */
static void test_bad_text(void)
{
    PciConfig config = { .header_read = FALSE };
    static const char *const texts[] = { "", "\n", "nonsense\n", "0x1\n" };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        GPtrArray *regions = pci_regions_parse(texts[i], &config);
        g_assert_cmpuint(regions->len, ==, 0);
        free_regions(regions);
    }
    GPtrArray *regions = pci_regions_parse("0xf0000000 0xf0000fff 0x40200\n", &config);
    g_assert_cmpuint(regions->len, ==, 1);
    g_assert_false(((PciRegion *)regions->pdata[0])->disabled);
    free_regions(regions);
}

static const char *purpose(int vendor, int device, const char *bdf, int class_id, int index,
                           guint64 size)
{
    const PciRegion region = { .index = index, .size_bytes = size };
    const Gpu gpu = {
        .bdf = (char *)bdf, .vendor_id = vendor, .device_id = device, .class_id = class_id
    };
    return pci_region_purpose(&gpu, &region);
}

static void test_purpose(void)
{
    const char *here = "0000:00:02.0", *card = "0000:03:00.0";
    g_assert_cmpstr(purpose(0x8086, 0x3e98, here, 0x300, 2, 0), ==, "graphics aperture (GMADR)");
    g_assert_cmpstr(purpose(0x8086, 0x56a0, card, 0x300, 2, 0), ==, "local memory (LMEM)");
    g_assert_cmpstr(purpose(0x8086, 0x7d55, here, 0x300, 2, 0), ==, "stolen memory (LMEM)");
    g_assert_cmpstr(purpose(0x10de, 0x2235, card, 0x302, 1, 0), ==, "video memory aperture");
    g_assert_cmpstr(purpose(0x1af4, 0x1050, here, 0x300, 0, 8 << 20), ==, "framebuffer");
    g_assert_cmpstr(purpose(0x1af4, 0x1050, here, 0x300, 4, 4096), ==, "MSI-X table");
    g_assert_cmpstr(purpose(0x1af4, 0x1050, here, 0x380, 4, 16384), ==, "virtio registers");
    g_assert_cmpstr(purpose(0x1af4, 0x1050, here, 0x380, 4, 1 << 30), ==,
                    "host-visible memory (blob resources)");
    g_assert_null(purpose(0x5333, 0x8811, here, 0x300, 0, 0));
}

/* BAR 2 of a Radeon has the registers up to Sea Islands, the doorbells since (then BAR 5 exists) */
static void test_radeon(void)
{
    PciRegion doorbells = { .index = 2 }, registers = { .index = 5 };
    Gpu gpu = { .bdf = (char *)"0000:03:00.0", .vendor_id = 0x1002 };
    g_assert_cmpstr(pci_region_purpose(&gpu, &doorbells), ==, "registers (MMIO)");
    gpu.regions = g_ptr_array_new();
    g_ptr_array_add(gpu.regions, &registers);
    g_assert_cmpstr(pci_region_purpose(&gpu, &doorbells), ==, "doorbells");
    g_ptr_array_free(gpu.regions, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-regions/kinds", test_kinds);
    g_test_add_func("/pci-regions/decoding-off", test_decoding_off);
    g_test_add_func("/pci-regions/rom", test_rom);
    g_test_add_func("/pci-regions/bad-text", test_bad_text);
    g_test_add_func("/pci-regions/purpose", test_purpose);
    g_test_add_func("/pci-regions/radeon", test_radeon);
    return g_test_run();
}
