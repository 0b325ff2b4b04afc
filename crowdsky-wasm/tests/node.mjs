// In Node: node crowdsky-wasm/tests/node.mjs PACKAGE EXPECTED

import { openAsBlob, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { compare } from "./compare.mjs";

const [, , folder, expected] = process.argv;
const lines = (name) => readFileSync(join(expected, name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const load = (name) => import(pathToFileURL(resolve(folder, name)));
const modules = { ...(await load("node.js")), ...(await load("node_pixels.js")) };
const told = await compare(modules, { files: lines("files.ndjson"), mutants: lines("mutants.ndjson"), bytes: readFileSync(join(expected, "mutants.bin")) }, (path) => openAsBlob(path));
console.log("in Node as native:", JSON.stringify(told));
