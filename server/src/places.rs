//! Room for connections: in all, and from one address.

use crate::metrics::Reason;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many may be here, and who is.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    most: usize,
    most_per_address: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    pub(crate) fn new(most: usize, most_per_address: usize) -> Self {
        Self { most, most_per_address, taken: Arc::default() }
    }

    /// A place for a connection from `peer`, or why there is none.
    pub(crate) fn take(&self, peer: IpAddr) -> Result<Place, Reason> {
        let address = one_owners(peer);
        let mut taken = self.lock();
        if taken.all >= self.most {
            return Err(Reason::Full);
        }
        let from_there = taken.by_address.entry(address).or_default();
        if *from_there >= self.most_per_address {
            return Err(Reason::Address);
        }
        *from_there += 1;
        taken.all += 1;
        drop(taken);
        Ok(Place { places: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// Whoever has an address of IPv6 has all of its /64 (RFC 6177 §2).
fn one_owners(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn there_is_room_until_there_are_too_many_in_all_or_from_one_address() {
        let places = Places::new(3, 2);
        let (one, other) = (address("10.0.0.1"), address("10.0.0.2"));
        let first = places.take(one).unwrap();
        let _second = places.take(one).unwrap();
        assert!(matches!(places.take(one), Err(Reason::Address)));
        let _third = places.take(other).unwrap();
        assert!(matches!(places.take(other), Err(Reason::Full)));
        drop(first);
        let _fourth = places.take(one).unwrap();
    }

    #[test]
    fn those_who_left_leave_nothing_behind() {
        let places = Places::new(3, 2);
        drop([places.take(address("10.0.0.1")).unwrap(), places.take(address("10.0.0.2")).unwrap()]);
        assert!(places.lock().by_address.is_empty());
        assert_eq!(places.lock().all, 0);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address_and_a_mapped_one_as_that_of_ipv4() {
        let places = Places::new(9, 1);
        let _first = places.take(address("2001:db8::1")).unwrap();
        assert!(places.take(address("2001:db8::2")).is_err());
        let _second = places.take(address("2001:db8:0:1::1")).unwrap();
        let _third = places.take(address("10.0.0.1")).unwrap();
        assert!(places.take(address("::ffff:10.0.0.1")).is_err());
    }
}
