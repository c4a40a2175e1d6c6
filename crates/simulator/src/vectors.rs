//! Embedding vectors: deterministic, of length 1, and alike where texts are alike.
//!
//! In: a model, a text, a number of dimensions. Out: a vector. Texts that share words point in similar directions, and all vectors of
//! one model share a direction, as the real ones do (unrelated texts score about 0.7 under ada-002). So a semantic cache can be tested.

use tidegate_openai::request::InputItem;

use crate::random;

/// Words beyond these do not move the vector any more.
const MAX_WORDS: usize = 256;

/// The vector of one input.
pub(crate) fn vector(seed: u64, model: &str, item: InputItem<'_>, dimensions: usize) -> Vec<f32> {
    let model_seed = random::hash(seed, model.as_bytes());
    // Cosine of unrelated texts.
    let floor: f32 = if model.starts_with("text-embedding-ada") {
        0.7
    } else {
        0.1
    };
    let mut words = vec![0.0; dimensions];
    let whole = match item {
        InputItem::Text(text) => {
            let separators = |c: char| !c.is_alphanumeric();
            for word in text
                .split(separators)
                .filter(|word| !word.is_empty())
                .take(MAX_WORDS)
            {
                add(
                    &mut words,
                    random::hash(model_seed, word.to_lowercase().as_bytes()),
                    1.0,
                );
            }
            random::hash(model_seed, text.as_bytes())
        }
        InputItem::Tokens(tokens) => {
            let mut whole = model_seed;
            for token in tokens {
                whole = random::join(whole, u64::from(*token));
            }
            for token in tokens.iter().take(MAX_WORDS) {
                add(&mut words, random::join(model_seed, u64::from(*token)), 1.0);
            }
            whole
        }
    };
    normalise(&mut words);
    // The same words in another order, or with other punctuation, are close, not equal.
    add(&mut words, whole, 0.15 / (dimensions as f32 / 3.0).sqrt());
    normalise(&mut words);
    let mut common = vec![0.0; dimensions];
    add(&mut common, model_seed, 1.0);
    normalise(&mut common);
    let (shared, own) = (floor.sqrt(), (1.0 - floor).sqrt());
    for (number, common) in words.iter_mut().zip(common) {
        *number = *number * own + common * shared;
    }
    normalise(&mut words);
    words
}

fn add(vector: &mut [f32], seed: u64, weight: f32) {
    let mut rng = random::rng(seed);
    for number in vector {
        *number += (rng.f32() * 2.0 - 1.0) * weight;
    }
}

fn normalise(vector: &mut [f32]) {
    let length = vector
        .iter()
        .map(|number| f64::from(*number).powi(2))
        .sum::<f64>()
        .sqrt();
    if length > 0.0 {
        let factor = (1.0 / length) as f32;
        for number in vector {
            *number *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(left: &[f32], right: &[f32]) -> f32 {
        left.iter().zip(right).map(|(a, b)| a * b).sum()
    }

    fn ada(text: &str) -> Vec<f32> {
        vector(1, "text-embedding-ada-002", InputItem::Text(text), 1_536)
    }

    #[test]
    fn vectors_have_length_one_and_repeat() {
        let vector = ada("How do I reset my password?");
        assert_eq!(vector.len(), 1_536);
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-4);
        assert_eq!(vector, ada("How do I reset my password?"));
        assert!((cosine(&ada(""), &ada("")) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn alike_texts_score_higher_than_unrelated_ones() {
        let base = ada("How do I reset my password?");
        let alike = cosine(&base, &ada("how do I reset the password"));
        let unrelated = cosine(&base, &ada("Bananas grow in warm countries near water"));
        assert!(alike > 0.85 && alike < 1.0, "{alike}");
        assert!((unrelated - 0.7).abs() < 0.06, "{unrelated}");
    }

    #[test]
    fn newer_models_spread_further_and_token_lists_work() {
        let small =
            |tokens: &[u32]| vector(1, "text-embedding-3-small", InputItem::Tokens(tokens), 256);
        let score = cosine(&small(&[1, 2, 3]), &small(&[7, 8, 9]));
        assert!(score.abs() < 0.35, "{score}");
        assert_eq!(small(&[1]), small(&[1]));
    }
}
