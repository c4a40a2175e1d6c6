//! AES, 3DES, DES and RC2 in the modes and paddings of .NET's `SymmetricAlgorithm`.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};

use super::Error;

/// A block cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // .NET's names
pub enum Algorithm {
    Aes,
    Des,
    TripleDes,
    Rc2,
}

/// `CipherMode`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Mode {
    Cbc,
    Ecb,
    /// With a feedback of 8 bits, .NET's default.
    Cfb,
}

/// `PaddingMode`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Padding {
    None,
    Pkcs7,
    Zeros,
    AnsiX923,
    Iso10126,
}

impl Algorithm {
    /// By the names that `Encrypt` and `Decrypt` take.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        Some(match name.as_str() {
            "aes"
            | "aesmanaged"
            | "aescng"
            | "aescryptoserviceprovider"
            | "rijndael"
            | "rijndaelmanaged" => Self::Aes,
            "des" | "descryptoserviceprovider" => Self::Des,
            "3des"
            | "tripledes"
            | "triple des"
            | "tripledescng"
            | "tripledescryptoserviceprovider" => Self::TripleDes,
            "rc2" | "rc2cryptoserviceprovider" => Self::Rc2,
            _ => return None,
        })
    }

    /// `BlockSize` in bytes.
    pub const fn block(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::Des | Self::TripleDes | Self::Rc2 => 8,
        }
    }

    /// `KeySize` of a new object, in bytes.
    pub const fn default_key(self) -> usize {
        match self {
            Self::Aes => 32,
            Self::Des => 8,
            Self::TripleDes => 24,
            Self::Rc2 => 16,
        }
    }

    /// Whether a key of that many bytes is legal.
    pub const fn takes_key(self, length: usize) -> bool {
        match self {
            Self::Aes => matches!(length, 16 | 24 | 32),
            Self::Des => length == 8,
            Self::TripleDes => matches!(length, 16 | 24),
            Self::Rc2 => length >= 5 && length <= 16,
        }
    }
}

/// A cipher with its key, one block at a time.
trait Blocks {
    fn encrypt(&self, block: &mut [u8]);
    fn decrypt(&self, block: &mut [u8]);
}

struct Keyed<C>(C);

impl<C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser> Blocks for Keyed<C> {
    fn encrypt(&self, block: &mut [u8]) {
        // Blocks are cut to the cipher's size.
        if let Ok(mut copy) = Array::<u8, C::BlockSize>::try_from(&*block) {
            self.0.encrypt_block(&mut copy);
            block.copy_from_slice(&copy);
        }
    }

    fn decrypt(&self, block: &mut [u8]) {
        if let Ok(mut copy) = Array::<u8, C::BlockSize>::try_from(&*block) {
            self.0.decrypt_block(&mut copy);
            block.copy_from_slice(&copy);
        }
    }
}

fn keyed<C>(key: &[u8]) -> Result<Box<dyn Blocks>, Error>
where
    C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser + 'static,
{
    let cipher = C::new_from_slice(key).map_err(|_| Error::KEY_SIZE)?;
    Ok(Box::new(Keyed(cipher)))
}

fn blocks(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Blocks>, Error> {
    if !algorithm.takes_key(key.len()) {
        return Err(Error::KEY_SIZE);
    }
    match (algorithm, key.len()) {
        (Algorithm::Aes, 16) => keyed::<aes::Aes128>(key),
        (Algorithm::Aes, 24) => keyed::<aes::Aes192>(key),
        (Algorithm::Aes, _) => keyed::<aes::Aes256>(key),
        (Algorithm::Des, _) => keyed::<des::Des>(key),
        (Algorithm::TripleDes, 16) => keyed::<des::TdesEde2>(key),
        (Algorithm::TripleDes, _) => keyed::<des::TdesEde3>(key),
        (Algorithm::Rc2, _) => keyed::<rc2::Rc2>(key),
    }
}

fn check_iv(algorithm: Algorithm, mode: Mode, iv: &[u8]) -> Result<(), Error> {
    if mode != Mode::Ecb && iv.len() != algorithm.block() {
        Err(Error::IV_SIZE)
    } else {
        Ok(())
    }
}

fn xor(block: &mut [u8], with: &[u8]) {
    block.iter_mut().zip(with).for_each(|(a, b)| *a ^= b);
}

/// Encrypts the whole of `data`. Where ISO 10126 asks for random bytes, `random` gives them.
pub fn encrypt(
    algorithm: Algorithm,
    (key, iv): (&[u8], &[u8]),
    (mode, padding): (Mode, Padding),
    data: &[u8],
    mut random: impl FnMut() -> u8,
) -> Result<Vec<u8>, Error> {
    let cipher = blocks(algorithm, key)?;
    check_iv(algorithm, mode, iv)?;
    // CFB with 8 bits of feedback works on single bytes.
    let size = if mode == Mode::Cfb {
        1
    } else {
        algorithm.block()
    };
    let mut out = data.to_vec();
    pad(&mut out, size, padding, &mut random)?;
    let mut last = iv.to_vec();
    for block in out.chunks_mut(size) {
        match mode {
            Mode::Ecb => cipher.encrypt(block),
            Mode::Cbc => {
                xor(block, &last);
                cipher.encrypt(block);
                last.copy_from_slice(block);
            }
            Mode::Cfb => {
                let mut stream = last.clone();
                cipher.encrypt(&mut stream);
                xor(block, &stream);
                last.rotate_left(1);
                if let (Some(end), Some(byte)) = (last.last_mut(), block.first()) {
                    *end = *byte;
                }
            }
        }
    }
    Ok(out)
}

/// Decrypts the whole of `data` and takes the padding off.
pub fn decrypt(
    algorithm: Algorithm,
    (key, iv): (&[u8], &[u8]),
    (mode, padding): (Mode, Padding),
    data: &[u8],
) -> Result<Vec<u8>, Error> {
    let cipher = blocks(algorithm, key)?;
    check_iv(algorithm, mode, iv)?;
    let size = if mode == Mode::Cfb {
        1
    } else {
        algorithm.block()
    };
    if !data.len().is_multiple_of(size) {
        return Err(Error::PARTIAL_BLOCK);
    }
    let mut out = data.to_vec();
    let mut last = iv.to_vec();
    for block in out.chunks_mut(size) {
        match mode {
            Mode::Ecb => cipher.decrypt(block),
            Mode::Cbc => {
                let next = block.to_vec();
                cipher.decrypt(block);
                xor(block, &last);
                last = next;
            }
            Mode::Cfb => {
                let mut stream = last.clone();
                cipher.encrypt(&mut stream);
                last.rotate_left(1);
                if let (Some(end), Some(byte)) = (last.last_mut(), block.first()) {
                    *end = *byte;
                }
                xor(block, &stream);
            }
        }
    }
    unpad(&mut out, size, padding)?;
    Ok(out)
}

fn pad(
    data: &mut Vec<u8>,
    size: usize,
    padding: Padding,
    random: &mut impl FnMut() -> u8,
) -> Result<(), Error> {
    let over = data.len() % size;
    match padding {
        Padding::None if over == 0 => {}
        Padding::None => return Err(Error::PARTIAL_BLOCK),
        Padding::Zeros if over == 0 => {}
        Padding::Zeros => data.resize(data.len() + size - over, 0),
        Padding::Pkcs7 | Padding::AnsiX923 | Padding::Iso10126 => {
            let count = size - over;
            // A block is at most 16 bytes.
            let mark = u8::try_from(count).unwrap_or_default();
            for _ in 1..count {
                data.push(match padding {
                    Padding::Pkcs7 => mark,
                    Padding::AnsiX923 => 0,
                    _ => random(),
                });
            }
            data.push(mark);
        }
    }
    Ok(())
}

fn unpad(data: &mut Vec<u8>, size: usize, padding: Padding) -> Result<(), Error> {
    if matches!(padding, Padding::None | Padding::Zeros) {
        return Ok(());
    }
    let Some(mark) = data.last().copied() else {
        return Ok(());
    };
    let count = usize::from(mark);
    if count == 0 || count > size || count > data.len() {
        return Err(Error::PADDING);
    }
    let filling = data
        .get(data.len() - count..data.len() - 1)
        .unwrap_or_default();
    let valid = match padding {
        Padding::Pkcs7 => filling.iter().all(|b| *b == mark),
        Padding::AnsiX923 => filling.iter().all(|b| *b == 0),
        _ => true,
    };
    if !valid {
        return Err(Error::PADDING);
    }
    data.truncate(data.len() - count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: (Mode, Padding) = (Mode::Cbc, Padding::Pkcs7);

    #[test]
    fn aes_cbc_matches_dotnet() {
        let (key, iv) = ([0; 16], [0; 16]);
        let out = encrypt(Algorithm::Aes, (&key, &iv), DEFAULT, b"hello", || 0).unwrap();
        let hex: String = out.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "9834ed518cbc8fbe9af3c6ecb75eb8c0");
    }

    #[test]
    fn every_algorithm_mode_and_padding_comes_back() {
        let algorithms = [
            Algorithm::Aes,
            Algorithm::Des,
            Algorithm::TripleDes,
            Algorithm::Rc2,
        ];
        for algorithm in algorithms {
            let key: Vec<u8> = (1..=algorithm.default_key() as u8).collect();
            let iv = vec![9; algorithm.block()];
            for mode in [Mode::Cbc, Mode::Ecb, Mode::Cfb] {
                for padding in [Padding::Pkcs7, Padding::AnsiX923, Padding::Iso10126] {
                    for length in [0, 1, 15, 16, 17] {
                        let data = vec![b'x'; length];
                        let sealed =
                            encrypt(algorithm, (&key, &iv), (mode, padding), &data, || 3).unwrap();
                        let opened =
                            decrypt(algorithm, (&key, &iv), (mode, padding), &sealed).unwrap();
                        assert_eq!(opened, data, "{algorithm:?} {mode:?} {padding:?} {length}");
                    }
                }
            }
        }
    }

    #[test]
    fn wrong_sizes_and_paddings_are_refused() {
        let run =
            |key: &[u8], iv: &[u8], data: &[u8]| decrypt(Algorithm::Aes, (key, iv), DEFAULT, data);
        assert_eq!(run(&[0; 5], &[0; 16], &[0; 16]), Err(Error::KEY_SIZE));
        assert_eq!(run(&[0; 16], &[0; 3], &[0; 16]), Err(Error::IV_SIZE));
        assert_eq!(run(&[0; 16], &[0; 16], &[0; 15]), Err(Error::PARTIAL_BLOCK));
        assert_eq!(run(&[0; 16], &[0; 16], &[0; 16]), Err(Error::PADDING));
    }
}
