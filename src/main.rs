//! The `melkglas` program. Everything is in the library; see [`melkglas::cli::main`].

fn main() -> std::process::ExitCode {
    melkglas::cli::main()
}
