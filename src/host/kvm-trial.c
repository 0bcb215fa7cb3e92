/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/kvm-trial.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

/* Where the code lies in the firmware, and where a value is put into it. */
#define CODE 0xff00u
#define CODE_VALUE (CODE + 0x60u)
/* An x86 starts in real mode 16 bytes below 4 GiB, where the end of the firmware is mapped. */
#define RESET_VECTOR 0xfff0u

/*
 * Runs at 0xf000:0xff00, the copy of the firmware below 1 MiB: with paging on, its page tables
 * (PML4 at 0x1000, PDPT at 0x2000, PD at 0x3000) map the first 2 MiB and nothing else.
 */
static const guint8 code[] = {
    0xfa,                                                 /*       cli                       */
    0x31, 0xc0,                                           /*       xor    %ax, %ax           */
    0x8e, 0xd8,                                           /*       mov    %ax, %ds           */
    0x66, 0xc7, 0x06, 0x00, 0x10, 0x03, 0x20, 0x00, 0x00, /*       movl   $0x2003, 0x1000    */
    0x66, 0xc7, 0x06, 0x00, 0x20, 0x03, 0x30, 0x00, 0x00, /*       movl   $0x3003, 0x2000    */
    0x66, 0xc7, 0x06, 0x00, 0x30, 0x83, 0x00, 0x00, 0x00, /*       movl   $0x83, 0x3000      */
    0x0f, 0x20, 0xe0,                                     /*       mov    %cr4, %eax         */
    0x0c, 0x20,                                           /*       or     $0x20, %al    PAE  */
    0x0f, 0x22, 0xe0,                                     /*       mov    %eax, %cr4         */
    0x66, 0xb8, 0x00, 0x10, 0x00, 0x00,                   /*       mov    $0x1000, %eax      */
    0x0f, 0x22, 0xd8,                                     /*       mov    %eax, %cr3         */
    0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0,                   /*       mov    $0xc0000080, %ecx  */
    0x0f, 0x32,                                           /*       rdmsr                EFER */
    0x80, 0xcc, 0x01,                                     /*       or     $0x1, %ah     LME  */
    0x0f, 0x30,                                           /*       wrmsr                     */
    0x2e, 0x66, 0x0f, 0x01, 0x16, 0x80, 0xff,             /*       lgdtl  %cs:pointer        */
    0x0f, 0x20, 0xc0,                                     /*       mov    %cr0, %eax         */
    0x66, 0x0d, 0x01, 0x00, 0x00, 0x80,                   /*       or     $0x80000001, %eax  */
    0x0f, 0x22, 0xc0,                                     /*       mov    %eax, %cr0  PG, PE */
    0x66, 0xea, 0x59, 0xff, 0x0f, 0x00, 0x08, 0x00,       /*       ljmpl  $8, $long_mode     */
    /* long_mode: the byte comes from the upper half of a register, so the code is 64-bit */
    0x48, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* movabs $(value << 40), %rax */
    0x48, 0xc1, 0xe8, 0x28,                                     /* shr    $40, %rax            */
    0xe6, 0xf4,                                                 /* out    %al, $0xf4           */
    0xf4,                                                       /* hlt                         */
    0xeb, 0xfd,                                                 /* jmp    to the hlt           */
    0x90, 0x90, 0x90, 0x90,                                     /* nop    up to offset 0x70    */
    /* the descriptor table: nothing, 64-bit code; pointer: its last byte, its linear address */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x9a, 0x20, 0x00, /* */
    0x0f, 0x00, 0x70, 0xff, 0x0f, 0x00,             /* */
};
static const guint8 jump_to_code[] = { 0xea, 0x00, 0xff, 0x00, 0xf0 }; /* ljmp $0xf000, $CODE */

void trial_firmware(guint8 *firmware, guint8 value)
{
    memset(firmware, 0, TRIAL_FIRMWARE_SIZE);
    memcpy(firmware + CODE, code, sizeof code);
    memcpy(firmware + RESET_VECTOR, jump_to_code, sizeof jump_to_code);
    firmware[CODE_VALUE] = value;
}

/*
 * A file without a name: nothing to clean up after a crash. QEMU opens it through our /proc entry;
 * the descriptor itself is not inherited.
 */
static int open_firmware(char **ret_path)
{
    static guint8 firmware[TRIAL_FIRMWARE_SIZE];
    trial_firmware(firmware, TRIAL_BYTE);
    autofd int fd = memfd_create("vgpuctl-trial-firmware", MFD_CLOEXEC);
    if (fd < 0 || !file_write_all(fd, firmware, sizeof firmware))
        return -1;
    *ret_path = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);
    return steal_fd(&fd);
}

/* The last line that is no warning, without QEMU's name in front; "" when there is none. Owned. */
static char *last_complaint(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *last = NULL;
    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0' && strstr(*line, "warning: ") == NULL)
            last = *line;
    if (last == NULL)
        return g_strdup("");
    const char *behind_name = g_str_has_prefix(last, "qemu-") ? strstr(last, ": ") : NULL;
    return g_strdup_printf(": %.200s", behind_name != NULL ? behind_name + 2 : last);
}

static Truth judge(const ProcessResult *result, const char *accelerator, char **ret_detail)
{
    if (result->exited && !result->timed_out && result->status == TRIAL_STATUS)
        return TRUTH_YES;
    g_autofree char *end = process_describe(result);
    g_autofree char *words = last_complaint(result->err);
    if (strstr(result->err, "isa-debug-exit' is not a valid") != NULL ||
        strstr(result->err, "nsupported machine type") != NULL) {
        *ret_detail = g_strdup("no trial for this architecture: this QEMU emulates no PC");
        return TRUTH_UNKNOWN;
    }
    *ret_detail = g_strdup_printf("with accel=%s no 64-bit guest code ran: QEMU %s%s", accelerator,
                                  end, words);
    return TRUTH_NO;
}

Truth accelerator_trial(const char *qemu_binary, const char *accelerator, guint limit_ms,
                        char **ret_detail)
{
    *ret_detail = NULL;
    g_autofree char *path = NULL;
    autofd int fd = open_firmware(&path);
    if (fd < 0) {
        *ret_detail = g_strdup_printf("making the trial firmware: %s", g_strerror(errno));
        return TRUTH_UNKNOWN;
    }
    g_autofree char *machine = g_strconcat("pc,accel=", accelerator, NULL);
    const char *const argv[] = { qemu_binary,
                                 "-machine",
                                 machine,
                                 "-bios",
                                 path,
                                 "-cpu",
                                 "max",
                                 "-m",
                                 "8",
                                 "-nodefaults",
                                 "-no-user-config",
                                 "-no-reboot",
                                 "-display",
                                 "none",
                                 "-device",
                                 "isa-debug-exit,iobase=0xf4,iosize=1",
                                 NULL };
    ProcessRequest request = { .argv = argv,
                               .environment = (const char *[]){ "LC_ALL=C", NULL },
                               .limit_ms = limit_ms,
                               .output_limit = 65536 };
    g_auto(ProcessResult) result = { 0 };
    g_autoptr(GError) reason = NULL;
    if (!process_run(&request, &result, &reason)) {
        *ret_detail = g_strdup(reason->message);
        return TRUTH_UNKNOWN;
    }
    return judge(&result, accelerator, ret_detail);
}
