//! Hashes and generators that give the same numbers on every machine and in every run.
//!
//! In: seeds and bytes. Out: numbers. Nothing here is fit for secrets.

/// A hash of bytes under a seed. Stable: answers and vectors depend on it.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(seed ^ (bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word)).wrapping_add(0x2545_f491_4f6c_dd1d);
    }
    let mut tail = 0_u64;
    for byte in rest {
        tail = (tail << 8) | u64::from(*byte);
    }
    mix(state ^ tail)
}

/// Joins two hashes.
pub(crate) fn join(left: u64, right: u64) -> u64 {
    mix(left.rotate_left(17) ^ mix(right))
}

/// Spreads every input bit over all output bits (the finaliser of the SplitMix64 generator).
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A generator.
pub(crate) fn rng(seed: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed)
}

/// One draw from the standard normal distribution.
pub(crate) fn normal(rng: &mut fastrand::Rng) -> f64 {
    // Box and Muller; the first draw is kept off zero, whose logarithm is infinite.
    let radius = (-2.0 * rng.f64().max(f64::MIN_POSITIVE).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

/// Text of `length` letters and digits.
pub(crate) fn alphanumeric(rng: &mut fastrand::Rng, prefix: &str, length: usize) -> String {
    let mut text = String::with_capacity(prefix.len() + length);
    text.push_str(prefix);
    text.extend(std::iter::repeat_with(|| rng.alphanumeric()).take(length));
    text
}

/// A random UUID in its usual text form.
pub(crate) fn uuid(rng: &mut fastrand::Rng) -> String {
    let random = rng.u128(..);
    let versioned = (random & !(0xf000 << 64) & !(0xc000 << 48)) | (0x4000 << 64) | (0x8000 << 48);
    let hex = format!("{versioned:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_stable_and_depend_on_everything() {
        assert_eq!(hash(1, b"abc"), hash(1, b"abc"));
        assert_ne!(hash(1, b"abc"), hash(2, b"abc"));
        assert_ne!(hash(1, b"abc"), hash(1, b"abd"));
        assert_ne!(hash(1, b"abc"), hash(1, b"abc\0"));
        assert_ne!(hash(1, b"12345678"), hash(1, b"12345679"));
        assert_ne!(join(1, 2), join(2, 1));
    }

    #[test]
    fn normal_draws_have_the_right_shape() {
        let mut rng = rng(1);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let deviation = (draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>()
            / draws.len() as f64)
            .sqrt();
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((deviation - 1.0).abs() < 0.03, "{deviation}");
    }

    #[test]
    fn uuids_have_version_and_variant() {
        let text = uuid(&mut rng(7));
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
