//! LINQ: `System.Linq.Enumerable`.

use crate::types::Types;

pub(crate) fn define(types: &mut Types) {
    types
        .interface("System.Linq.IOrderedEnumerable<out TElement>")
        .base("IEnumerable<TElement>");
    types
        .interface("System.Linq.IGrouping<out TKey, out TElement>")
        .base("IEnumerable<TElement>");
    types
        .interface("System.Linq.ILookup<TKey, TElement>")
        .base("IEnumerable<IGrouping<TKey, TElement>>");
}
