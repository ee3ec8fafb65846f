//! Tells the runners which compiler made them: RUSTC_VERSION, for --describe.

use std::{env, process::Command};

fn main() {
    let rustc = env::var_os("RUSTC").expect("cargo names the compiler");
    let said = Command::new(rustc).arg("--version").output().expect("the compiler answers");
    println!("cargo:rustc-env=RUSTC_VERSION={}", String::from_utf8_lossy(&said.stdout).trim());
    println!("cargo:rerun-if-changed=build.rs");
}
