//! The `kvw` program; everything is in the library.

fn main() -> std::process::ExitCode {
    kvw::main()
}
