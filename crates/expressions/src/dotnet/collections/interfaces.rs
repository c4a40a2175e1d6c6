//! The collection interfaces. A member called through an interface runs on the object's own type, which
//! [`super::dispatch`] knows.

use crate::types::Types;

pub(super) fn define(types: &mut Types) {
    types.interface("System.Collections.IEnumerable");
    types
        .interface("System.Collections.Generic.IEnumerable<out T>")
        .base("System.Collections.IEnumerable");
    types
        .interface("System.Collections.Generic.IEnumerator<out T>")
        .base("IDisposable");
    types
        .interface("System.Collections.Generic.ICollection<T>")
        .base("IEnumerable<T>");
    types
        .interface("System.Collections.Generic.IList<T>")
        .base("ICollection<T>");
    types
        .interface("System.Collections.Generic.IReadOnlyCollection<out T>")
        .base("IEnumerable<T>");
    types
        .interface("System.Collections.Generic.IReadOnlyList<out T>")
        .base("IReadOnlyCollection<T>");
    types
        .interface("System.Collections.Generic.IDictionary<TKey, TValue>")
        .base("ICollection<KeyValuePair<TKey, TValue>>");
    types
        .interface("System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>")
        .base("IReadOnlyCollection<KeyValuePair<TKey, TValue>>");
    types.structure("System.Collections.Generic.KeyValuePair<TKey, TValue>");
    types
        .class("System.Collections.Generic.Dictionary<TKey, TValue>")
        .base("IDictionary<TKey, TValue>")
        .base("IReadOnlyDictionary<TKey, TValue>");
    types
        .class("System.Collections.Generic.HashSet<T>")
        .base("ICollection<T>");
    types
        .class("System.Collections.Generic.Queue<T>")
        .base("IReadOnlyCollection<T>");
    types
        .class("System.Collections.Generic.Stack<T>")
        .base("IReadOnlyCollection<T>");
}
