//! Builds the guard as a static program of its own, which the library then carries inside it.
//!
//! It needs nothing but the compiler that builds everything else. Where that fails, or for a machine
//! whose system calls the guard does not know, the place stays empty and the library does without.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Machines whose system calls the guard knows.
const KNOWN: &[&str] = &["aarch64", "x86_64"];

fn main() {
    let source = Path::new("../guard/guard.rs");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rustc-check-cfg=cfg(aur_guard_alone)");
    println!("cargo::rustc-check-cfg=cfg(aur_faults)");
    let has_faults = std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    if has_faults {
        println!("cargo::rustc-cfg=aur_faults");
    }
    let Some(folder) = std::env::var_os("OUT_DIR").map(PathBuf::from) else {
        return;
    };
    let program = folder.join("aur-guard");
    let machine = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let is_known = system == "linux" && KNOWN.contains(&machine.as_str());
    let is_built = is_known && build(source, &program, has_faults);
    if !is_built {
        if is_known {
            println!(
                "cargo::warning=the guard cannot be built as a program of its own; it takes more memory"
            );
        }
        // A build that fails later says why: there is nothing to include then.
        let _ = std::fs::write(&program, "");
    }
}

fn build(source: &Path, program: &Path, has_faults: bool) -> bool {
    let Some(compiler) = std::env::var_os("RUSTC") else {
        return false;
    };
    let mut command = Command::new(compiler);
    command.args([
        "--edition",
        "2024",
        "--crate-name",
        "aur_guard",
        "--crate-type",
        "bin",
    ]);
    command.args(["--cfg", "aur_guard_alone"]);
    if has_faults {
        command.args(["--cfg", "aur_faults"]);
    }
    if let Ok(target) = std::env::var("TARGET") {
        command.args(["--target", &target]);
    }
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        command.arg(format!("-Clinker={linker}"));
    }
    for option in [
        "panic=abort",
        "opt-level=s",
        "codegen-units=1",
        "relocation-model=static",
        "strip=symbols",
    ] {
        command.args(["-C", option]);
    }
    for option in [
        "-nostartfiles",
        "-nostdlib",
        "-static",
        "-Wl,--build-id=none",
        "-Wl,-z,max-page-size=4096",
    ] {
        command.arg(format!("-Clink-arg={option}"));
    }
    command.arg("-o").arg(program).arg(source);
    command.output().is_ok_and(|output| output.status.success())
}
