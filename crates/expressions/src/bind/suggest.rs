//! "Did you mean": the closest existing name.

use crate::types::{MemberKind, Registry, Type, relations};

/// The closest of the candidates, if it is close enough to be what was meant.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match name.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    candidates
        .filter(|c| *c != name)
        .map(|c| (distance(name, c), c))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, c)| c)
}

/// Edit distance; a difference of case alone counts least.
fn distance(a: &str, b: &str) -> usize {
    if a.eq_ignore_ascii_case(b) {
        return 0;
    }
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut previous = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            left = (previous + cost).min(above + 1).min(left + 1);
            previous = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// Help for an unknown type name.
#[must_use]
pub fn type_name(registry: &Registry, name: &str) -> Option<String> {
    let names = registry.defs().iter().map(|def| &*def.name);
    closest(name, names).map(|found| format!("did you mean `{found}`?"))
}

/// Help for an unknown member of a type.
#[must_use]
pub fn member(ty: &Type, name: &str, is_static: bool) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for owner in relations::lookup_types(ty) {
        if let Some(def) = owner.def() {
            names.extend(
                def.members()
                    .iter()
                    .filter(|m| {
                        m.is_static == is_static
                            && matches!(m.kind, MemberKind::Method | MemberKind::Property)
                    })
                    .map(|m| &*m.name),
            );
        }
    }
    if !is_static {
        for def in Registry::get().defs() {
            for member in def.of_kind(MemberKind::Extension) {
                let takes = member.parameters.first().is_some_and(|p| match &p.ty {
                    Type::Named(id, _) => relations::as_super(ty, *id).is_some(),
                    _ => false,
                });
                if takes {
                    names.push(&member.name);
                }
            }
        }
    }
    if let Type::Anonymous(fields) = ty {
        let own: Vec<&str> = fields.iter().map(|(n, _)| &**n).collect();
        return closest(name, own.into_iter()).map(|found| format!("did you mean `{found}`?"));
    }
    closest(name, names.into_iter()).map(|found| format!("did you mean `{found}`?"))
}
