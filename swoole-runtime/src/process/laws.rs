//! The owner word, step by step. In a file of its own, since the models compile `owner` with atomics that run nowhere else.

use super::owner::{Claim, OwnerWord};

#[test]
fn a_slot_is_opened_claimed_and_opened_again() {
    let owner = OwnerWord::new();
    let empty = owner.read();
    assert_eq!(empty, Claim { generation: 0, pid: None });
    let first = owner.open(empty).expect("nobody has it");
    assert!(owner.claim(first, 77));
    assert_eq!(owner.read(), Claim { generation: 1, pid: Some(77) });
    assert!(!owner.claim(first, 78), "it is taken");
    assert!(owner.open(first).is_none(), "it was claimed meanwhile");
    owner.vacate(owner.read());
    assert_eq!(owner.read(), Claim { generation: 1, pid: None });
    let second = owner.open(owner.read()).expect("77 is dead");
    assert!(!owner.claim(first, 79), "a late child of an earlier generation");
    assert!(owner.claim(second, 80));
}
