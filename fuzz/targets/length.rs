//! `frame = length(…)`: every type of field, offset and body, against the sum that its documentation gives.

#![no_main]

#[allow(dead_code, unused_imports, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/frame/mod.rs"]
mod frame;
mod stream;

use frame::{ByteOrder, Framing, LengthField, Violation};
use libfuzzer_sys::fuzz_target;
use stream::{Came, Input, cut, splits};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let width = [1, 2, 4, 8][input.byte() % 4];
    let settings = input.byte();
    let order = if settings & 1 == 0 { ByteOrder::Big } else { ByteOrder::Little };
    let is_signed = settings & 2 != 0;
    let (offset, body) = (input.byte() % 20, input.byte() % 30);
    let most = 1 + input.byte() + (input.byte() & 1) * 256;
    let field = LengthField { width, is_signed, order, offset, body };
    let splits = splits(&mut input);
    let stream = input.rest();
    let expected = expected(&field, stream, most);
    for split in splits {
        let came = cut(&Framing::Length(field), stream, most, &split);
        assert_eq!(came.packages, expected.packages, "{field:?} {most} {split:?}");
        assert_eq!(came.violation.is_some(), expected.violation.is_some(), "{field:?} {most} {split:?}");
        // A field that ends behind the longest package is not always seen before the limit is.
        if offset + width <= most {
            assert_eq!(came.violation, expected.violation, "{field:?} {most} {split:?}");
        }
    }
});

/// By numbers that do not overflow.
fn expected(field: &LengthField, stream: &[u8], most: usize) -> Came {
    let mut came = Came { packages: Vec::new(), violation: None };
    loop {
        let rest = &stream[came.length()..];
        let end = field.offset + field.width;
        let Some(bytes) = rest.get(field.offset..end) else {
            came.violation = (rest.len() >= most).then_some(Violation::TooLong);
            return came;
        };
        let mut value = bytes.to_vec();
        if field.order == ByteOrder::Big {
            value.reverse();
        }
        let is_negative = field.is_signed && value[field.width - 1] & 0x80 != 0;
        value.resize(16, if is_negative { 0xff } else { 0 });
        let value = i128::from_le_bytes(value.try_into().expect("it has 16 bytes"));
        let total = value + field.body as i128;
        came.violation = match () {
            () if value < 0 || total < end as i128 => Some(Violation::Length),
            () if total > most as i128 => Some(Violation::TooLong),
            () => None,
        };
        if came.violation.is_some() || total > rest.len() as i128 {
            return came;
        }
        came.packages.push(total as usize);
    }
}
