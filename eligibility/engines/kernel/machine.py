"""From the intermediate representation to machine code of this machine."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import binding, ir

_LOCK = threading.Lock()
Function = Callable[[int, int, int, int], None]


class Machine:
    """Compiled code; keeps what owns it alive. Calling `run` gives up the interpreter's lock.

    Variables become registers and nothing else is optimised: the code of rules is long and straight and gains little,
    and compiling it would take four times as long.
    """

    def __init__(self, module: ir.Module, entry: str) -> None:
        with _LOCK:  # LLVM's own start-up is not made for threads
            binding.initialize_native_target()
            binding.initialize_native_asmprinter()
            self._target = binding.Target.from_default_triple().create_target_machine(
                cpu=binding.get_host_cpu_name(),
                features=binding.get_host_cpu_features().flatten(),
                opt=1,
                codemodel="jitdefault",
            )
            parsed = binding.parse_assembly(str(module))
            parsed.verify()
            registers = binding.create_new_function_pass_manager()
            registers.add_sroa_pass()
            options = binding.create_pipeline_tuning_options(speed_level=0)
            passes = binding.create_pass_builder(self._target, options)
            for function in parsed.functions:
                if not function.is_declaration:
                    registers.run(function, passes)
            self._engine = binding.create_mcjit_compiler(parsed, self._target)
            self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(entry))
        kind: Any = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
        self._function: Function = kind(self.address)

    def publish(self, name: str) -> None:
        """Lets code compiled later call this under a name."""
        binding.add_symbol(name, self.address)

    def run(self, begin: int, end: int, sets: Sequence[Sequence[int]]) -> None:
        """Computes households `begin` to `end` over the arrays at each set of addresses."""
        arguments = [(ctypes.c_void_p * len(addresses))(*addresses) for addresses in sets]
        pointers = (ctypes.c_void_p * len(sets))(*map(ctypes.addressof, arguments))
        self._function(begin, end, ctypes.addressof(pointers), len(sets))
