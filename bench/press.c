/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * press SOCKET ENCODING QUALITY TIMES
 *
 * A viewer (viewer.h) that presses Tab and Enter in turn and waits for the colour that the guest
 * shows for each (tests/lib/vgpucolours.py). Prints, as a list of JSON, the milliseconds from
 * sending the key until the update with its colour was there; null for a key that was not seen.
 */
#include "viewer.h"

#include <rfb/keysym.h>
#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_S 5.0
#define BOOT_S 60.0

/* Keys, and entries 9 and 13 of the VGA palette. */
static const struct {
    unsigned keysym, colour;
} keys[] = { { XK_Tab, 0x5555ff }, { XK_Return, 0xff55ff } };

static int is_near(unsigned one, unsigned other)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(one >> shift & 255) - (int)(other >> shift & 255)) >= 24) /* JPEG */
            return 0;
    return 1;
}

/* In the middle of the upper half. */
static int shows(const rfbClient *client, unsigned colour)
{
    const uint32_t *pixels = (const uint32_t *)(const void *)client->frameBuffer;
    return is_near(pixels[client->height / 4 * client->width + client->width / 2], colour);
}

static void on_update(rfbClient *client)
{
    (void)client;
}

static void handle(rfbClient *client, double until)
{
    while (viewer_handle(client, until))
        ;
}

/* Milliseconds, or less than 0. */
static double press(rfbClient *client, unsigned which, double patience)
{
    double began = viewer_seconds(CLOCK_MONOTONIC), until = began + patience;
    if (!SendKeyEvent(client, keys[which].keysym, TRUE) ||
        !SendKeyEvent(client, keys[which].keysym, FALSE))
        viewer_fail("no key can be sent");
    while (!shows(client, keys[which].colour))
        if (!viewer_handle(client, until))
            return -1;
    return (viewer_seconds(CLOCK_MONOTONIC) - began) * 1e3;
}

/* The guest may still be starting. */
static void wait_guest(rfbClient *client)
{
    double until = viewer_seconds(CLOCK_MONOTONIC) + BOOT_S;
    unsigned which = 0;
    while (press(client, which++ % 2, 1) < 0)
        if (viewer_seconds(CLOCK_MONOTONIC) > until)
            viewer_fail("the guest shows no key");
    press(client, 1, PATIENCE_S); /* the first of those that count is another */
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: press SOCKET raw|tight|zrle QUALITY|- TIMES\n");
        return 2;
    }
    rfbClient *client = viewer_start(argv[1], argv[2], argv[3], on_update);
    wait_guest(client);
    for (int i = 0; i < atoi(argv[4]); i++) {
        /* no key meets a clock of guest or server at the same point as the last */
        handle(client, viewer_seconds(CLOCK_MONOTONIC) + 0.08 + i * 37 % 61 / 1e3);
        double took = press(client, (unsigned)i % 2, PATIENCE_S);
        printf(took < 0 ? "%snull" : "%s%.3f", i == 0 ? "[" : ", ", took);
    }
    printf("]\n");
    return 0;
}
