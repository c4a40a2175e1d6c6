//! "Did you mean": in flow a name nobody knows and the known ones, out flows the nearest, if one is near.

/// The candidate most like `name`, if any is near enough to be a slip of the keyboard. Case counts little: a name
/// that differs only in case is always the answer.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Past this length the comparison costs more than the hint is worth.
    const LONGEST: usize = 128;
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let letters = name.chars().count();
    let allowed = (letters / 3).max(1).min(letters - 1);
    candidates
        .into_iter()
        .filter(|candidate| {
            *candidate != name && !candidate.is_empty() && candidate.len() <= LONGEST
        })
        .map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_slip_finds_the_name_meant() {
        let known = ["set-header", "set-body", "retry"];
        assert_eq!(did_you_mean("set-hedaer", known), Some("set-header"));
        assert_eq!(did_you_mean("Retry", known), Some("retry"));
        assert_eq!(did_you_mean("retri", known), Some("retry"));
    }

    #[test]
    fn nothing_near_gives_no_suggestion() {
        assert_eq!(did_you_mean("choose", ["set-header", "retry"]), None);
        assert_eq!(did_you_mean("", ["a"]), None);
        assert_eq!(did_you_mean("retry", ["retry"]), None);
        assert_eq!(did_you_mean("x", ["", "y"]), None);
    }
}
