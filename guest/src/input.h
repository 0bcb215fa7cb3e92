/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Power button and other events from outside
 *
 * One descriptor tells of signals, new device nodes and input events. The power button (what
 * QEMU's system_powerdown presses) and SIGTERM ask the program to end.
 */
#pragma once

#include <stdbool.h>

#define INPUT_DEVICES 16

typedef struct {
    int epoll, signals, nodes;  /* descriptors */
    int devices[INPUT_DEVICES]; /* /dev/input/eventN, -1: not open */
    bool wants_end;             /* the button was pressed, or a signal came */
} Input;

/* Blocks SIGTERM and SIGINT (they are read instead) and opens the devices that are there. */
bool input_init(Input *input);
void input_clear(Input *input);
/* To be called when input->epoll is readable; opens devices that have come. */
void input_read(Input *input);
