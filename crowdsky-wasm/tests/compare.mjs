// The modules against the native code, wherever they run: in Node and in a browser.

/** Bytes read of a file whose header has at most four blocks. */
const ORDINARY = 11520;

/**
 * Compares every report, field by field; throws at the first that differs.
 * @param {object} modules `check`, `HeaderScanner`, `group`, `quality`, `preview`.
 * @param {object} expected What examples/expected.rs has written: `files` and `mutants`, lists of lines, and `bytes` of the mutants.
 * @param {(path: string) => Promise<Blob>} open
 * @returns {Promise<object>} How many of what were compared.
 */
export async function compare({ check, HeaderScanner, group, quality, preview }, expected, open) {
  const told = { files: 0, mutants: 0, qualities: 0, refused: 0, longest: 0, worst: 0, milliseconds: [] };
  for (const line of expected.files) {
    const file = await open(line.path);
    let read = 0;
    const counting = {
      size: file.size,
      slice: (from, to) => {
        const piece = file.slice(from, to);
        read += piece.size;
        return piece;
      },
    };
    const report = await check(counting);
    same(report, line.report, line.path);
    if (report.header_bytes !== null && report.header_bytes <= ORDINARY && read > ORDINARY) throw new Error(`${line.path}: ${read} bytes read`);
    told.longest = Math.max(told.longest, report.header_bytes <= ORDINARY ? read : 0);
    told.files += 1;
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (line.quality === null) {
      throws(() => quality(bytes), line.path);
      throws(() => preview(bytes, 64), line.path);
      told.refused += 1;
      continue;
    }
    const begin = performance.now();
    const { stars, fwhm, sky } = quality(bytes);
    told.milliseconds.push(performance.now() - begin);
    const [wantedStars, wantedFwhm, wantedSky] = line.quality;
    if (stars !== wantedStars) throw new Error(`${line.path}: ${stars} stars, native ${wantedStars}`);
    for (const [ours, theirs] of [[fwhm, wantedFwhm ?? NaN], [sky, wantedSky]]) {
      if (Number.isNaN(ours) && Number.isNaN(theirs)) continue;
      const off = Math.abs(ours - theirs) / Math.max(1, Math.abs(theirs));
      if (!(off <= 1e-6)) throw new Error(`${line.path}: ${ours}, native ${theirs}`);
      told.worst = Math.max(told.worst, off);
    }
    const picture = preview(bytes, 160);
    if (picture.rgba.length !== 4 * picture.width * picture.height || Math.max(picture.width, picture.height) > 160) throw new Error(`${line.path}: a picture of another size`);
    told.qualities += 1;
  }
  const facts = [];
  let at = 0;
  for (const [number, line] of expected.mutants.entries()) {
    if (line.grouped) {
      same(facts.map(([number]) => number), line.numbers, "mutants with facts");
      same(group(facts.map(([, facts]) => ({ facts }))), line.grouped, "groups");
      continue;
    }
    const mutant = expected.bytes.subarray(at, at + line.bytes);
    at += line.bytes;
    const scanner = new HeaderScanner(line.size);
    // In two pieces, cut where no block ends.
    let report = scanner.push(mutant.subarray(0, 1000 + number));
    if ("need" in report) report = scanner.push(mutant.subarray(1000 + number));
    if ("need" in report) report = scanner.finish();
    scanner.free();
    same(report, line.report, `mutant ${number}`);
    if (report.facts) facts.push([number, report.facts]);
    told.mutants += 1;
  }
  told.milliseconds.sort((a, b) => a - b);
  told.milliseconds = Math.round(told.milliseconds[told.milliseconds.length >> 1]);
  return told;
}

function throws(run, where) {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && error.message) return;
    throw error;
  }
  throw new Error(`${where}: is measured, which the native code refuses`);
}

/** Deep equality of what JSON can say; the error names the first member that differs. */
export function same(ours, theirs, where) {
  if (Object.is(ours, theirs)) return;
  const both = [ours, theirs].every((value) => typeof value === "object" && value !== null);
  if (!both) throw new Error(`${where}: ${JSON.stringify(ours)}, native ${JSON.stringify(theirs)}`.slice(0, 1000));
  const keys = Object.keys(theirs);
  if (Object.keys(ours).length !== keys.length) throw new Error(`${where}: members ${Object.keys(ours)}, native ${keys}`);
  for (const key of keys) same(ours[key], theirs[key], `${where}: ${key}`);
}
