//! `crowdsky-bindgen IN.wasm FOLDER NAME`: writes `NAME.js`, `NAME.d.ts` and `NAME_bg.wasm`, an ES module for web pages, bundlers and Node.

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder, name] = &words[..] else {
        return Err("usage: crowdsky-bindgen IN.wasm FOLDER NAME".into());
    };
    let mut bindgen = Bindgen::new();
    // With the address of the module beside the script, which bundlers look for.
    bindgen.omit_default_module_path(false);
    bindgen
        .input_path(input)
        .out_name(name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen.generate(folder)?;
    Ok(())
}
