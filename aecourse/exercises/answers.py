"""Reading whatever a learner hands to a check: numbers of any kind, dots, exceptions."""

import ast
import inspect
import re
import sysconfig
import textwrap
import traceback
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

# A pattern in an exception -> what may be behind it. Only where arrays were passed, and no tensors:
HINTS_ON_ARRAYS = {
    r"must be Tensor, not numpy|got \(numpy.ndarray|'numpy.ndarray' object has no|"
    r"keyword argument 'dim'|'int' object is not callable": (
        "The check passes NumPy arrays: use @, .T, np.tanh, .mean(axis=…), and .size without "
        "brackets."),
}
# An exercise's own hints come before these.
HINTS = {
    r"broadcast|must match the size of tensor": (
        "Look at the two shapes: +, -, * and / go entry by entry, and the product of matrices is "
        "@. A sum or mean along another axis changes a shape too."),
    r"matmul|mat1 and mat2|not aligned|core dimension|inconsistent tensor size": (
        "Look at the two shapes: in a product A @ B of matrices, A has as many columns as B has "
        "rows. Which of the two should be transposed, and which comes first?"),
    r"AxisError|Dimension out of range": (
        "There is no such axis. They are counted from 0, and a sum or mean before may have taken "
        "one away."),
    r"^RecursionError": "The function calls itself without end.",
    r"^(NameError|UnboundLocalError)": (
        "Is the name misspelt, or does it get its value in another place, or only later?"),
    r"index .*out of (range|bounds)|out of bounds for|too many indices": (
        "Counting starts at 0, so the last of n entries has the index n - 1."),
    r"object is not callable": (
        "Round brackets call a function. Is a * missing before them, or are square ones meant?"),
    r"only (length-1|0-dimensional|one element)|can be converted to Python scalars|"
    r"truth value of an array|Boolean value of Tensor": (
        "A whole array stands where a single number is needed. np.where, masks and functions such "
        "as np.log or torch.log take arrays entry by entry."),
    r"can't convert .* to numpy|Can't call numpy\(\)": (
        "Inside the answer stay with tensors: .mean(), torch.log and the like do what NumPy does."),
}


MOST = 10**7  # numbers in a result: more were not meant


def is_blank(result, answer) -> bool:
    """Whether the stub is as it was: it returns dots, or has no code at all."""
    if result is ... or isinstance(result, tuple) and result and all(r is ... for r in result):
        return True
    code = getattr(answer, "__code__", None)
    return result is None and code and len(code.co_code) == len((lambda: None).__code__.co_code)


def has_dots(answer) -> bool:
    """Whether dots stand in the answer's source where an expression belongs (not as in x[..., 0]).

    False where the source is not at hand.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except Exception:  # built-in functions have no source, and a lambda's may not stand alone
        return False
    indices = {id(node) for subscript in ast.walk(tree) if isinstance(subscript, ast.Subscript)
               for node in ast.walk(subscript.slice)}
    return any(isinstance(node, ast.Constant) and node.value is ... and id(node) not in indices
               for node in ast.walk(tree))


def as_array(value) -> np.ndarray:
    """Tensors, arrays, tables, lists and numbers as an array.

    TypeError or ValueError says, in words, what the value is that cannot be one.
    """
    if isinstance(value, torch.Tensor):
        value = tensor_as_array(value)
    if isinstance(value, np.ma.MaskedArray):
        value = value.astype(float).filled(np.nan)
    if type(value).__module__ == "torch.return_types":  # what x.max(dim=1) gives, for one
        fields = type(value).__match_args__
        raise TypeError(f"{' and '.join(fields)} together. Take what is meant, such as "
                        f".{fields[0]}")
    if isinstance(value, (list, tuple)):
        try:
            value = np.array([as_array(v) for v in value])
        except ValueError:
            raise ValueError(f"{kind_of(value)} whose items have different shapes") from None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" and value is not None:
            array = array.astype(np.float64)
    except Exception:
        raise TypeError(kind_of(value) + advice(value)) from None
    if array.size > MOST:
        raise ValueError(f"an array of shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError("dots" if value is ... else kind_of(value) + advice(value)
                        if array.ndim == 0 else f"an array of {array.dtype.name}")
    return array


def tensor_as_array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor of any kind and device as an array; TypeError says what cannot be one."""
    if tensor.layout != torch.strided:
        raise TypeError("a sparse tensor. With .to_dense() it becomes an ordinary one")
    if tensor.is_meta:
        raise TypeError('a tensor without numbers, on the device "meta"')
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float64):
        tensor = tensor.float()  # NumPy has no bfloat16
    return tensor.detach().cpu().resolve_conj().resolve_neg().numpy()


def advice(value) -> str:
    """What to do about a thing that is no number, after its name."""
    if inspect.isgenerator(value):
        return " (square brackets make a list at once)"
    if inspect.iscoroutine(value):
        return " (write def without async)"
    if callable(value):
        return " (are the brackets missing that call it?)"
    return ""


def as_arrays(result, names: tuple[str, ...]) -> list[np.ndarray]:
    """One array for each named value that a function returned. Errors as in ``as_array``."""
    if len(names) == 1:
        return [as_array(result)]
    if isinstance(result, (np.ndarray, torch.Tensor)) and result.shape[:1] == (len(names),):
        result = list(result)  # np.array([a, b]) says as much as (a, b)
    if not isinstance(result, (tuple, list)) or len(result) != len(names):
        raise ValueError(f"{len(result)} values" if isinstance(result, (tuple, list))
                         else "one value")
    return [as_array(value) for value in result]


def without_gradient(result, names: tuple[str, ...]) -> str:
    """Why a result cannot be trained, after "but"; nothing if it can.

    ``result`` is what an answer returned, one value for each name. Its numbers are right.
    """
    for value, name in zip([result] if len(names) == 1 else result, names):
        if not isinstance(value, torch.Tensor):
            return (f"{name} cannot be trained: {kind_of(value)} carries no gradient. Stay with "
                    "tensors: .numpy(), .item(), float() and .tolist() leave PyTorch.")
        if not value.requires_grad:
            return (f"{name} cannot be trained: PyTorch recorded nothing on the way to it. Was it "
                    "computed under torch.no_grad(), or is there a .detach() or .data on the way? "
                    "What belongs to the loss stands outside.")
    return ""


def reached(result, tensors: Mapping[str, torch.Tensor]) -> set[str]:
    """Names of the tensors to which a gradient of a result comes back."""
    values = result if isinstance(result, (tuple, list)) else [result]
    total = sum(value.sum() for value in values
                if isinstance(value, torch.Tensor) and value.requires_grad)
    able = {name: tensor for name, tensor in tensors.items() if tensor.requires_grad}
    if not isinstance(total, torch.Tensor) or not able:
        return set()
    gradients = torch.autograd.grad(
        total, list(able.values()), retain_graph=True, allow_unused=True)
    return {name for name, gradient in zip(able, gradients) if gradient is not None}


def prints(answer) -> bool:
    """Whether ``print`` occurs in a function."""
    return "print" in getattr(getattr(answer, "__code__", None), "co_names", ())


def differ(before, after) -> bool:
    """Whether an argument was changed in place."""
    try:
        return not np.array_equal(as_array(after), as_array(before), equal_nan=True)
    except (TypeError, ValueError, OverflowError):
        if isinstance(before, list) and isinstance(after, list):  # of unequal shapes: one by one
            return len(before) != len(after) or any(map(differ, before, after))
        return isinstance(before, (np.ndarray, torch.Tensor, list))


def wrong_parameter_count(answer, passed: int) -> int | None:
    """How many parameters an answer has, if it cannot be called with ``passed`` of them."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions have none
        return None
    try:
        signature.bind(*range(passed))
    except TypeError:
        return len(signature.parameters)
    return None


def describe(failure: BaseException, hints: dict[str, str], arguments: tuple = ()) -> str:
    """An exception in words: the last line of the learner's own code, what it says, a hint.

    ``arguments`` are what the learner's function was called with.
    """
    frames = traceback.extract_tb(failure.__traceback__)[1:]
    course = str(Path(__file__).parents[1])
    library = (sysconfig.get_paths()["stdlib"], course, "<frozen", "<__array_function__")
    own = [f for f in frames if not f.filename.startswith(library)
           and "site-packages" not in f.filename and not f.filename.endswith((".pyx", ".pxd"))]
    where = f"line {own[-1].lineno} of your code" if own else "the answer"
    line = f" ({own[-1].line})" if own and own[-1].line else ""
    try:
        said = re.sub(r" at 0x[0-9a-fA-F]+", "", str(failure)).strip().split("\n")[0][:300]
    except Exception:
        said = ""
    raised = type(failure).__name__ + (f": {said}" if said else "")
    hints = {**(HINTS_ON_ARRAYS if _only_arrays(arguments) else {}), **hints, **HINTS}
    hint = next((h for pattern, h in hints.items() if re.search(pattern, raised)), "")
    return f"{where}{line} raises {raised.rstrip('.')}. {hint}".strip()


def _only_arrays(arguments: tuple) -> bool:
    """Whether there are NumPy arrays among the arguments, and no tensors."""
    kinds = [isinstance(argument, np.ndarray) for argument in arguments
             if isinstance(argument, np.ndarray | torch.Tensor)]
    return bool(kinds) and all(kinds)


def kind_of(value) -> str:
    """The type's name with its article."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' or name == 'ndarray' else 'a'} {name}"
