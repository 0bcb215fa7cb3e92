/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entry point of a fuzz target, as libFuzzer wants it: gets some bytes, checks what must hold
 * for any bytes with g_assert, returns 0.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
