// Something of everything that gets a symbol of its own.
use std::collections::BTreeMap;
use std::fmt::{self, Display};

mod shapes {
    pub trait Shape {
        fn area(&self) -> f64;
        #[inline(never)]
        fn twice(&self) -> f64 {
            self.area() * 2.0
        }
    }

    pub struct Square(pub f64);
    pub struct Grid<T, const N: usize>(pub [T; N]);

    impl Shape for Square {
        #[inline(never)]
        fn area(&self) -> f64 {
            self.0 * self.0
        }
    }

    impl<T: Copy + Into<f64>, const N: usize> Grid<T, N> {
        #[inline(never)]
        pub fn total(&self) -> f64 {
            self.0.iter().map(|x| (*x).into()).sum()
        }
    }

    impl<T: Shape> Shape for Vec<T> {
        #[inline(never)]
        fn area(&self) -> f64 {
            self.iter().map(Shape::area).sum()
        }
    }
}

use shapes::{Grid, Shape, Square};

impl Display for Square {
    #[inline(never)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a square of {}", self.0)
    }
}

#[inline(never)]
fn größe(shape: &dyn Shape) -> f64 {
    shape.area() + shape.twice()
}

#[inline(never)]
fn apply<F: Fn(i32) -> i32>(f: F, n: i32) -> i32 {
    f(n)
}

fn main() {
    let count = std::env::args().count();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for name in std::env::args() {
        *names.entry(name).or_insert(0) += 1;
    }
    println!("{} {:?}", Square(count as f64), names);
    println!("{}", größe(&Square(2.0)) + größe(&vec![Square(1.0)]) + Grid([count as f32; 7]).total() + Grid([2u8; 3]).total());
    println!("{}", apply(|x| x + count as i32, 3));
}
