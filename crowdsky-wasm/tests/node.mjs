// In Node: node crowdsky-wasm/tests/node.mjs SITE EXPECTED; SITE is a folder into which the package is installed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { compare } from "./compare.mjs";

const [, , site, expected] = process.argv;
const lines = (name) => readFileSync(join(expected, name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
// By the names that a program there writes: the conditions of `exports` decide which files they are.
const from = createRequire(join(resolve(site), "program.js"));
const load = (name) => import(pathToFileURL(from.resolve(name)));
const modules = { ...(await load("crowdsky")), ...(await load("crowdsky/pixels")) };
const told = await compare(modules, { files: lines("files.ndjson"), mutants: lines("mutants.ndjson"), bytes: readFileSync(join(expected, "mutants.bin")) }, (path) => new Blob([readFileSync(path)]));
console.log("in Node as native:", JSON.stringify(told));
