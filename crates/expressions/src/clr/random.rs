//! `System.Random`: with a seed .NET's algorithm (Knuth's subtractive generator), number for number; without one a generator
//! that costs nothing to set up.
//!
//! A seed flows in, once; numbers flow out. Not for secrets, as in .NET.

use super::{Error, Result};

const BIG: i32 = i32::MAX;

/// The state of one generator.
#[derive(Clone)]
pub struct Random(State);

#[derive(Clone)]
enum State {
    Seeded(Box<Knuth>),
    /// SplitMix64.
    Unseeded(u64),
}

/// Knuth's subtractive generator.
#[derive(Clone)]
struct Knuth {
    seeds: [i32; 56],
    next: usize,
    next_p: usize,
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

impl Knuth {
    fn new(seed: i32) -> Self {
        let mut seeds = [0i32; 56];
        let mut set = |index: usize, value: i32| {
            if let Some(slot) = seeds.get_mut(index) {
                *slot = value;
            }
        };
        let mut mj = 161_803_398i32.wrapping_sub(seed.checked_abs().unwrap_or(i32::MAX));
        set(55, mj);
        let mut mk = 1i32;
        let mut index = 0;
        for _ in 1..55 {
            index = (index + 21) % 55;
            set(index, mk);
            let following = mj.wrapping_sub(mk);
            mj = mk;
            mk = if following < 0 {
                following.wrapping_add(BIG)
            } else {
                following
            };
        }
        let mut random = Self {
            seeds,
            next: 0,
            next_p: 21,
        };
        for _ in 1..5 {
            for i in 1..56 {
                let n = if i + 30 >= 55 { i + 30 - 55 } else { i + 30 };
                let difference = random.seed(i).wrapping_sub(random.seed(1 + n));
                random.store(
                    i,
                    if difference < 0 {
                        difference.wrapping_add(BIG)
                    } else {
                        difference
                    },
                );
            }
        }
        random
    }

    fn seed(&self, index: usize) -> i32 {
        self.seeds.get(index).copied().unwrap_or(0)
    }

    fn store(&mut self, index: usize, value: i32) {
        if let Some(slot) = self.seeds.get_mut(index) {
            *slot = value;
        }
    }

    fn sample(&mut self) -> i32 {
        self.next = if self.next + 1 >= 56 {
            1
        } else {
            self.next + 1
        };
        self.next_p = if self.next_p + 1 >= 56 {
            1
        } else {
            self.next_p + 1
        };
        let mut value = self.seed(self.next).wrapping_sub(self.seed(self.next_p));
        if value == BIG {
            value -= 1;
        }
        if value < 0 {
            value = value.wrapping_add(BIG);
        }
        self.store(self.next, value);
        value
    }
}

impl Random {
    /// `new Random(seed)`
    pub fn new(seed: i32) -> Self {
        Self(State::Seeded(Box::new(Knuth::new(seed))))
    }

    /// `new Random()`, from random bits.
    pub fn unseeded(bits: u64) -> Self {
        Self(State::Unseeded(bits))
    }

    /// From 0 up to, not including, `int.MaxValue`.
    fn sample(&mut self) -> i32 {
        match &mut self.0 {
            State::Seeded(knuth) => knuth.sample(),
            State::Unseeded(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut bits = *state;
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                bits ^= bits >> 31;
                // The upper half scaled to the range, without a bias that matters for 31 bits of 64.
                ((u128::from(bits) * u128::from(BIG.unsigned_abs())) >> 64) as i32
            }
        }
    }

    /// `NextDouble()`: from 0 up to, not including, 1.
    pub fn next_double(&mut self) -> f64 {
        f64::from(self.sample()) * (1.0 / f64::from(BIG))
    }

    /// `Next()`: from 0 up to, not including, `int.MaxValue`.
    pub fn next_int(&mut self) -> i32 {
        self.sample()
    }

    /// `Next(maxValue)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a negative bound.
    pub fn next_below(&mut self, max: i32) -> Result<i32> {
        if max < 0 {
            return Err(Error::out_of_range(
                "'maxValue' must be greater than zero.",
                Some("maxValue"),
            ));
        }
        Ok((self.next_double() * f64::from(max)) as i32)
    }

    /// `Next(minValue, maxValue)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` when the bounds are the wrong way round.
    pub fn next_between(&mut self, min: i32, max: i32) -> Result<i32> {
        if min > max {
            return Err(Error::out_of_range(
                "'minValue' cannot be greater than maxValue.",
                Some("minValue"),
            ));
        }
        let range = i64::from(max) - i64::from(min);
        if range <= i64::from(i32::MAX) {
            return Ok((self.next_double() * range as f64) as i32 + min);
        }
        // A range wider than 31 bits needs a sample of both signs.
        let magnitude = f64::from(self.sample());
        let signed = if self.sample() % 2 == 0 {
            -magnitude
        } else {
            magnitude
        };
        let sample = (signed + f64::from(BIG - 1)) / (2.0 * f64::from(BIG) - 1.0);
        Ok(((sample * range as f64) as i64 + i64::from(min)) as i32)
    }

    /// `NextBytes(buffer)`
    pub fn next_bytes(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.sample() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clr::ErrorKind;

    #[test]
    fn seeds_give_the_numbers_of_dotnet() {
        assert_eq!(Random::new(42).next_int(), 1_434_747_710);
        assert_eq!(Random::new(42).next_below(100), Ok(66));
        assert_eq!(Random::new(0).next_between(1, 10), Ok(7));
        assert!(Random::new(i32::MIN).next_double() < 1.0);
    }

    #[test]
    fn bounds_are_checked_and_kept() {
        let mut random = Random::new(7);
        assert_eq!(
            random.next_between(5, 1).unwrap_err().kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(
            random.next_below(-1).unwrap_err().kind,
            ErrorKind::ArgumentOutOfRange
        );
        assert_eq!(random.next_between(3, 3), Ok(3));
        for _ in 0..1000 {
            assert!((1..4).contains(&random.next_between(1, 4).unwrap()));
            random.next_between(i32::MIN, i32::MAX).unwrap();
        }
    }
}
