"""Instructions of the processor that a compiler does not choose by itself.

`combine` multiplies one sparse row with a small dense block, LANES columns at once: a
processor with vector registers of 512 bits takes a row of the block in one go, with 256
bits in two. A loop that the compiler has to vectorise itself keeps the sums in memory
and takes five to seven times as long. `prefetch` asks for what will be read soon: rows
at random places come from memory while others are computed.

Sums of whole numbers are exact as long as none exceeds 2^24, whatever the order; all
others are right up to rounding. Without numba plain functions do the same.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from matching.kernels import COMPILED, Array, Whole

LANES = 16
UNROLLED = 4  # terms added at once, each to sums of its own: none waits for another


def zeros(*shape: int) -> Array:
    """Return zeros that begin where a line of the cache does.

    numpy begins anywhere, and a vector that lies across two lines takes twice as long.
    """
    n = math.prod(shape)
    room = np.zeros(n + LANES, np.float32)
    begin = -room.ctypes.data // room.itemsize % LANES
    return room[begin : begin + n].reshape(shape)


def _combine(
    column: Array, weight: Array, i: Whole, n: Whole, rows: Array, out: Array
) -> None:
    """Write the product of a sparse row and a dense block.

    The row comes as its number: a view of it would count users, which costs a third
    of a search.

    Parameters
    ----------
    column : uint16 array of shape (n_rows, most)
        Which rows of the block take part.
    weight : float32 array of shape (n_rows, most)
        How much each counts.
    i : int
        Number of the sparse row.
    n : int
        How many of its entries count: a multiple of UNROLLED.
    rows : float32 array of shape (n_columns, LANES), rows one after the other
    out : float32 array of shape (LANES,)
    """
    out[:] = np.dot(weight[i, :n], rows[column[i, :n]])


def _above(values: Array, least: Whole) -> int:
    """Return in which lanes a value is larger, as bits."""
    return sum(1 << lane for lane in np.flatnonzero(values > least).tolist())


def _fitting(
    values: Array,
    fresh: Array,
    kinds: Array,
    at: Whole,
    wanted: Whole,
    unknown: Whole,
    wrong: Whole,
    least: Whole,
    out: Array,
) -> int:
    """Return in which lanes a value is larger once freshness and help are counted.

    Parameters
    ----------
    values, out : float32 arrays of shape (LANES,)
        Before and after.
    fresh : float32 array
        What to multiply with: lane 0 has the one at `at`, and so on.
    kinds : uint32 array
        As bits, in the same places.
    wanted : int
        Some of those bits suffice. With none of them a value counts `wrong`, or
        `unknown` where there are no bits at all.
    """
    some = slice(at, at + LANES)
    factor = np.where(kinds[some] == 0, np.float32(unknown), np.float32(wrong))
    factor[(kinds[some] & np.uint32(wanted)) != 0] = 1
    out[:] = values * fresh[some] * factor
    return _above(out, least)


def _lowest(bits: int) -> int:
    """Return the number of the lowest bit that is set; one must be."""
    return (bits & -bits).bit_length() - 1


def _prefetch(values: Array, at: Whole) -> None:
    """Ask for the line of memory that holds a value."""


def _borrowed(arrays: Any) -> Any:
    """Return arrays, or tuples of them, whose users are not counted.

    Wherever a kernel takes an array out of a tuple or hands it to a function, even one
    written into its place, the array's users are counted: by an instruction for which
    cores wait for each other. The arrays themselves must stay, as a caller's do.
    """
    return arrays


combine: Any = _combine
above: Any = _above
fitting: Any = _fitting
lowest: Any = _lowest
prefetch: Any = _prefetch
borrowed: Any = _borrowed

if COMPILED:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    def instruction(written: Callable[..., Any]) -> Any:
        """Let kernels call what writes instructions as if it were a function."""
        return intrinsic(written)

    LANE, WORD = ir.FloatType(), ir.IntType(64)
    VECTOR = ir.VectorType(LANE, LANES)
    ZERO = ir.Constant(VECTOR, [0.0] * LANES)
    ONE = ir.Constant(VECTOR, [1.0] * LANES)
    ANY = ir.Constant(VECTOR, ir.Undefined)
    CONTRACT = ["contract"]  # product and sum in one instruction, where there is one
    SAME_LANE = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)

    def _width(builder: Any, array: Any) -> Any:
        """Return how many columns a matrix has."""
        return cgutils.unpack_tuple(builder, array.shape)[1]

    @instruction
    def _vectors(
        typing: Any, column: Any, weight: Any, i: Any, n: Any, rows: Any, out: Any
    ) -> Any:
        """Compile `_combine` to a loop over vectors."""
        kinds = column, weight, i, n, rows, out

        def compiled(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            sparse, factors, block, result = (
                context.make_array(kinds[at])(context, builder, given[at])
                for at in (0, 1, 4, 5)
            )
            row = context.cast(builder, given[2], i, types.int64)
            columns, weights = (
                builder.gep(part.data, [builder.mul(row, _width(builder, part))])
                for part in (sparse, factors)
            )
            matrix = block.data
            end = context.cast(builder, given[3], n, types.int64)
            before = builder.basic_block
            loop = builder.append_basic_block("terms")
            done = builder.append_basic_block("done")
            builder.cbranch(builder.icmp_signed(">", end, WORD(0)), loop, done)

            builder.position_at_end(loop)
            at = builder.phi(WORD)
            sums = [builder.phi(VECTOR) for _ in range(UNROLLED)]
            grown = []
            for step, total in enumerate(sums):
                here = builder.add(at, WORD(step))
                row = builder.zext(builder.load(builder.gep(columns, [here])), WORD)
                first = builder.gep(matrix, [builder.mul(row, WORD(LANES))])
                values = builder.bitcast(first, VECTOR.as_pointer())
                factor = builder.load(builder.gep(weights, [here]))
                factor = builder.insert_element(ANY, factor, ir.IntType(32)(0))
                factor = builder.shuffle_vector(factor, ANY, SAME_LANE)
                part = builder.fmul(
                    builder.load(values, align=4), factor, flags=CONTRACT
                )
                grown.append(builder.fadd(total, part, flags=CONTRACT))
            following = builder.add(at, WORD(UNROLLED))
            builder.cbranch(builder.icmp_signed("<", following, end), loop, done)
            at.add_incoming(WORD(0), before)
            at.add_incoming(following, loop)
            for total, more in zip(sums, grown, strict=True):
                total.add_incoming(ZERO, before)
                total.add_incoming(more, loop)

            builder.position_at_end(done)
            ends = [builder.phi(VECTOR) for _ in range(UNROLLED)]
            for total, more in zip(ends, grown, strict=True):
                total.add_incoming(ZERO, before)
                total.add_incoming(more, loop)
            total = ends[0]
            for more in ends[1:]:
                total = builder.fadd(total, more)
            whole = builder.bitcast(result.data, VECTOR.as_pointer())
            builder.store(total, whole).align = 4
            return context.get_dummy_value()

        return types.void(*kinds), compiled

    @instruction
    def _mask(typing: Any, values: Any, least: Any) -> Any:
        """Compile `_above` to one comparison."""

        def compiled(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            first = context.make_array(values)(context, builder, given[0]).data
            found = builder.load(builder.bitcast(first, VECTOR.as_pointer()), align=4)
            limit = context.cast(builder, given[1], least, types.float32)
            limit = builder.insert_element(ANY, limit, ir.IntType(32)(0))
            limit = builder.shuffle_vector(limit, ANY, SAME_LANE)
            bits = builder.fcmp_ordered(">", found, limit)
            return builder.zext(builder.bitcast(bits, ir.IntType(LANES)), WORD)

        return types.int64(values, least), compiled

    @instruction
    def _mask_of_fitting(
        typing: Any,
        values: Any,
        fresh: Any,
        kinds: Any,
        at: Any,
        wanted: Any,
        unknown: Any,
        wrong: Any,
        least: Any,
        out: Any,
    ) -> Any:
        """Compile `_fitting` to a choice, two products and a comparison."""
        given_kinds = values, fresh, kinds, at, wanted, unknown, wrong, least, out

        def compiled(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            place = context.cast(builder, given[3], at, types.int64)

            def lanes(number: int, offset: Any, kind: Any) -> Any:
                array = context.make_array(given_kinds[number])
                first = builder.gep(
                    array(context, builder, given[number]).data, [offset]
                )
                return builder.load(builder.bitcast(first, kind.as_pointer()), align=4)

            def everywhere(number: int, type_: Any) -> Any:
                one = context.cast(builder, given[number], given_kinds[number], type_)
                any_ = ir.Constant(ir.VectorType(one.type, LANES), ir.Undefined)
                first = builder.insert_element(any_, one, ir.IntType(32)(0))
                return builder.shuffle_vector(first, any_, SAME_LANE)

            bits = ir.VectorType(ir.IntType(32), LANES)
            none = ir.Constant(bits, [0] * LANES)
            offered = lanes(2, place, bits)
            fits = builder.icmp_unsigned(
                "!=", builder.and_(offered, everywhere(4, types.uint32)), none
            )
            other = builder.select(
                builder.icmp_unsigned("==", offered, none),
                everywhere(5, types.float32),
                everywhere(6, types.float32),
            )
            factor = builder.select(fits, ONE, other)
            worth = builder.fmul(lanes(0, WORD(0), VECTOR), lanes(1, place, VECTOR))
            worth = builder.fmul(worth, factor)
            result = context.make_array(out)(context, builder, given[8]).data
            whole = builder.bitcast(result, VECTOR.as_pointer())
            builder.store(worth, whole).align = 4
            found = builder.fcmp_ordered(">", worth, everywhere(7, types.float32))
            return builder.zext(builder.bitcast(found, ir.IntType(LANES)), WORD)

        return types.int64(*given_kinds), compiled

    @instruction
    def _trailing(typing: Any, bits: Any) -> Any:
        """Compile `_lowest` to one instruction."""

        def compiled(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return builder.cttz(given[0], ir.IntType(1)(1))

        return types.int64(types.int64), compiled

    @instruction
    def _ask(typing: Any, values: Any, at: Any) -> Any:
        """Compile `_prefetch` to one instruction."""

        def compiled(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            first = context.make_array(values)(context, builder, given[0]).data
            number = context.cast(builder, given[1], at, types.int64)
            place = builder.bitcast(
                builder.gep(first, [number]), ir.IntType(8).as_pointer()
            )
            flag = ir.IntType(32)
            kind = ir.FunctionType(
                ir.VoidType(), [ir.IntType(8).as_pointer(), flag, flag, flag]
            )
            function = cgutils.get_or_insert_function(
                builder.module, kind, "llvm.prefetch.p0"
            )
            # To read, soon and again, data.
            builder.call(function, [place, flag(0), flag(3), flag(1)])
            return context.get_dummy_value()

        return types.void(values, at), compiled

    def _without_counter(context: Any, builder: Any, kind: Any, value: Any) -> Any:
        """Take the place of its counter away from an array, or from all of a tuple."""
        if isinstance(kind, types.Array):
            same = context.make_array(kind)(context, builder, value)
            same.meminfo = cgutils.get_null_value(same.meminfo.type)
            return same._getvalue()
        if not isinstance(kind, types.BaseTuple):  # type: ignore[attr-defined]
            return value
        parts = zip(kind, cgutils.unpack_tuple(builder, value, len(kind)), strict=True)
        kept = [_without_counter(context, builder, *part) for part in parts]
        return context.make_tuple(builder, kind, kept)

    @instruction
    def _uncounted(typing: Any, arrays: Any) -> Any:
        """Compile `_borrowed`: the same arrays, without their counters."""

        def compiled(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return _without_counter(context, builder, arrays, given[0])

        return arrays(arrays), compiled

    combine, above, fitting = _vectors, _mask, _mask_of_fitting
    lowest, prefetch = _trailing, _ask
    borrowed = _uncounted
