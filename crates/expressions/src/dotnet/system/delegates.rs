//! The delegate types: `Func`, `Action`, `Predicate`, `Comparison`, `Converter`.

use crate::types::Types;

pub(super) fn define(types: &mut Types) {
    for (header, invoke) in [
        ("System.Action", "void Invoke()"),
        ("System.Action<in T>", "void Invoke(T obj)"),
        (
            "System.Action<in T1, in T2>",
            "void Invoke(T1 arg1, T2 arg2)",
        ),
        (
            "System.Action<in T1, in T2, in T3>",
            "void Invoke(T1 arg1, T2 arg2, T3 arg3)",
        ),
        (
            "System.Action<in T1, in T2, in T3, in T4>",
            "void Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4)",
        ),
        (
            "System.Action<in T1, in T2, in T3, in T4, in T5>",
            "void Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)",
        ),
        (
            "System.Action<in T1, in T2, in T3, in T4, in T5, in T6>",
            "void Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)",
        ),
        (
            "System.Action<in T1, in T2, in T3, in T4, in T5, in T6, in T7>",
            "void Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)",
        ),
        (
            "System.Action<in T1, in T2, in T3, in T4, in T5, in T6, in T7, in T8>",
            "void Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)",
        ),
        ("System.Func<out TResult>", "TResult Invoke()"),
        ("System.Func<in T, out TResult>", "TResult Invoke(T arg)"),
        (
            "System.Func<in T1, in T2, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2)",
        ),
        (
            "System.Func<in T1, in T2, in T3, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2, T3 arg3)",
        ),
        (
            "System.Func<in T1, in T2, in T3, in T4, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4)",
        ),
        (
            "System.Func<in T1, in T2, in T3, in T4, in T5, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)",
        ),
        (
            "System.Func<in T1, in T2, in T3, in T4, in T5, in T6, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)",
        ),
        (
            "System.Func<in T1, in T2, in T3, in T4, in T5, in T6, in T7, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)",
        ),
        (
            "System.Func<in T1, in T2, in T3, in T4, in T5, in T6, in T7, in T8, out TResult>",
            "TResult Invoke(T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)",
        ),
        ("System.Predicate<in T>", "bool Invoke(T obj)"),
        ("System.Comparison<in T>", "int Invoke(T x, T y)"),
        (
            "System.Converter<in TInput, out TOutput>",
            "TOutput Invoke(TInput input)",
        ),
    ] {
        types.delegate(header, invoke);
    }
}
