/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "vgpu/claim.h"

void broker_log(const char *line)
{
    /* sd-daemon(3): the journal takes a level in front of a line */
    const char *level = g_getenv("JOURNAL_STREAM") != NULL ? "<6>" : "vgpuctl-broker: ";
    fprintf(stderr, "%s%s\n", level, line);
}

static gboolean wait_readable(int fd, guint limit_ms)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    int n;
    do
        n = poll(&wait, 1, (int)limit_ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

/*
 * A message, cut behind one byte too many, which the parser refuses. 0: the peer is gone. No room
 * for ancillary data is offered: descriptors that come along are closed by the kernel.
 */
static ssize_t receive(int fd, char text[BROKER_REQUEST_LIMIT + 1])
{
    ssize_t length;
    do
        length = recv(fd, text, BROKER_REQUEST_LIMIT + 1, 0);
    while (length < 0 && errno == EINTR);
    return MAX(length, 0);
}

/* A peer that does not read, or is gone, is not waited for: one reply always fits. */
static gboolean reply_to(int fd, const BrokerReply *reply)
{
    g_autofree char *text = broker_reply_to_text(reply);
    return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void take_back(const BrokerHost *host, const BrokerPeer *peer, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    gboolean done = claim_release(host->root, uuid, &error);
    g_autofree char *line =
        g_strdup_printf("uid %u, pid %d is gone: %s: %s", (guint)peer->uid, (int)peer->pid, uuid,
                        done ? "taken back" : error->message);
    broker_log(line);
}

/* A driver that hangs ends us and not the requests of others: what was begun has a dead owner. */
static void on_alarm(int number)
{
    static const char words[] = "A request took too long and was given up\n";
    (void)!write(STDERR_FILENO, words, strlen(words));
    _exit(1);
}

/* Answers what was received; what a peer was given that did not hear of it is taken back. */
static void serve(const BrokerHost *host, const BrokerPeer *peer, int fd, const char *text,
                  gsize length)
{
    g_autofree char *line = NULL;
    signal(SIGALRM, on_alarm);
    alarm(BROKER_LIMIT_MS / 1000);
    g_autoptr(BrokerReply) reply = broker_answer(host, peer, text, length, &line);
    broker_log(line);
    if (!reply_to(fd, reply) && reply->uuid != NULL)
        take_back(host, peer, reply->uuid);
    alarm(0);
}

void broker_serve_connection(const BrokerHost *host, int fd, guint patience_ms)
{
    char text[BROKER_REQUEST_LIMIT + 1];
    g_autoptr(GError) error = NULL;
    if (!wait_readable(fd, patience_ms))
        return;
    g_autoptr(BrokerPeer) peer = broker_peer_read(fd, &error);
    if (peer == NULL) {
        broker_log(error->message);
        return;
    }
    ssize_t length = receive(fd, text);
    if (length > 0)
        serve(host, peer, fd, text, (gsize)length);
}

/* What this peer has claimed and not released. */
static void take_back_all(const BrokerHost *host, const BrokerPeer *peer)
{
    g_autoptr(GPtrArray) claims = claims_list(host->root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        const Owner *owner = claim->owner;
        if (owner == NULL || owner->kind != OWNER_PID || owner->pid != (int)peer->pid ||
            owner->started_ticks != peer->started_ticks)
            continue;
        take_back(host, peer, claim->uuid);
    }
}

void broker_serve_peer(const BrokerHost *host, const BrokerPeer *peer, int fd)
{
    char text[BROKER_REQUEST_LIMIT + 1];
    for (ssize_t length; (length = receive(fd, text)) > 0;)
        serve(host, peer, fd, text, (gsize)length);
    take_back_all(host, peer);
}
