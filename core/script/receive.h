/* SPDX-License-Identifier: MIT
 *
 * Receptions (flow/reception.h) in the gate: the run that verifies an inbound request and turns it
 * into events. */
#ifndef PL_SCRIPT_RECEIVE_H
#define PL_SCRIPT_RECEIVE_H

#include "flow/reception.h"
#include "script/vm.h"

/* Calls the function that is kept in the registry with the value that is kept there, the name of
 * the source or nil, the request, and { now =, deadline = }; as pl_generation.receive. */
int pl_receive(pl_vm *vm, int function, int generation, pl_reception *r);
void pl_receive_dismiss(pl_vm *vm, pl_reception *r);

#endif
