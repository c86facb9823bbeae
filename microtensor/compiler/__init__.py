"""How is it written as a program? Tracing, passes, and sources to read and to run."""

from .compiling import Compiled as Compiled
from .compiling import compile as compile
from .compiling import trace as trace
from .ledger import Profile as Profile
from .profiling import profile as profile
from .programs import Instruction as Instruction
from .programs import Program as Program
from .programs import Variable as Variable
