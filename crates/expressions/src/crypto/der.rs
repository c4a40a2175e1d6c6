//! The little of ASN.1's DER that key containers need: elements in a row, read and written.

use super::Error;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const BMP: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, with elements inside.
pub(super) const CONTEXT: u8 = 0xa0;

const BAD: Error = Error("ASN1 corrupted data.");

/// Elements that follow each other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next element's tag.
    pub(super) fn tag(self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element: tag, content, and all of its bytes.
    pub(super) fn element(&mut self) -> Result<(u8, &'a [u8], &'a [u8]), Error> {
        let (tag, first) = match self.0 {
            [tag, first, ..] => (*tag, usize::from(*first)),
            _ => return Err(BAD),
        };
        let (start, length) = if first < 0x80 {
            (2, first)
        } else {
            // Four bytes tell more than any input is long; none would be an indefinite length.
            let digits = first & 0x7f;
            if !(1..=4).contains(&digits) {
                return Err(BAD);
            }
            let digits = self.0.get(2..2 + digits).ok_or(BAD)?;
            let length = digits
                .iter()
                .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            (2 + digits.len(), length)
        };
        let end = start.checked_add(length).ok_or(BAD)?;
        let whole = self.0.get(..end).ok_or(BAD)?;
        let content = whole.get(start..).ok_or(BAD)?;
        self.0 = self.0.get(end..).unwrap_or_default();
        Ok((tag, content, whole))
    }

    /// The content of the next element, which must have that tag.
    pub(super) fn take(&mut self, wanted: u8) -> Result<&'a [u8], Error> {
        match self.element()? {
            (tag, content, _) if tag == wanted => Ok(content),
            _ => Err(BAD),
        }
    }

    /// What is in the next element, which must have that tag.
    pub(super) fn enter(&mut self, wanted: u8) -> Result<Reader<'a>, Error> {
        self.take(wanted).map(Reader)
    }

    /// The next element as a number that is not negative.
    pub(super) fn number(&mut self) -> Result<u64, Error> {
        let content = self.take(INTEGER)?;
        if content.is_empty() || content.len() > 8 || content.first().is_some_and(|b| *b >= 0x80) {
            return Err(BAD);
        }
        Ok(content
            .iter()
            .fold(0, |number, digit| number << 8 | u64::from(*digit)))
    }
}

/// An element of that tag.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let digits: Vec<u8> = bytes.into_iter().skip_while(|b| *b == 0).collect();
        out.push(0x80 | digits.len() as u8);
        out.extend(digits);
    }
    out.extend_from_slice(content);
    out
}

/// An element of that tag with others in it.
pub(super) fn group(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A number below 2¹⁵.
pub(super) fn number(number: u16) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    element(INTEGER, if number < 0x80 { &bytes[1..] } else { &bytes })
}
