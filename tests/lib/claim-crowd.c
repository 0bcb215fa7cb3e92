/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim-crowd N TYPE: N processes that claim one vGPU each at the same moment, each for itself.
 * Prints a line for each, "won UUID" or "refused MESSAGE", and ends them when standard input ends.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/root.h"
#include "vgpu/claim.h"

/* With `write`, as one line of several processes must stay one. */
static void say(const char *word, const char *text)
{
    g_autofree char *line = g_strdup_printf("%s %s\n", word, text);
    (void)!write(STDOUT_FILENO, line, strlen(line));
}

static void claim_one(const Root *root, const char *type)
{
    g_autoptr(Owner) owner = owner_self();
    const ClaimRequest request = { .type = type, .owner = owner, .uid = -1 };
    g_autoptr(GError) error = NULL;
    g_autoptr(Claim) claim = claim_take(root, &request, /* ret_fd= */ NULL, &error);
    say(claim != NULL ? "won" : "refused", claim != NULL ? claim->uuid : error->message);
}

/* Waits for the end of @go, claims, says so by closing @done, and stays until it is killed. */
static G_NORETURN void be_one(const char *type, int go, int done)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char nothing;
    (void)!read(go, &nothing, 1);
    g_autoptr(Root) root = root_open(NULL, NULL);
    claim_one(root, type);
    close(done);
    for (;;)
        pause();
}

static void wait_for_end(int fd)
{
    char ignored[256];
    while (read(fd, ignored, sizeof ignored) > 0)
        ;
}

int main(int argc, char **argv)
{
    int n = argc == 3 ? atoi(argv[1]) : 0;
    int go[2], done[2];
    if (n <= 0 || pipe(go) < 0 || pipe(done) < 0)
        return 2;
    g_autofree pid_t *crowd = g_new0(pid_t, n);
    for (int i = 0; i < n; i++) {
        crowd[i] = fork();
        if (crowd[i] < 0)
            return 1;
        if (crowd[i] == 0) {
            close(go[1]);
            close(done[0]);
            be_one(argv[2], go[0], done[1]);
        }
    }
    close(done[1]);
    close(go[1]);
    wait_for_end(done[0]);
    wait_for_end(STDIN_FILENO);
    for (int i = 0; i < n; i++)
        kill(crowd[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
    return 0;
}
