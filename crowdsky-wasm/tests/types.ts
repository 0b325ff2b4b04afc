// What a program in TypeScript may write: it is compiled, not run.
import init, { check, group, HeaderScanner, type Chunk, type Report } from "crowdsky";
import initPixels, { preview, quality } from "crowdsky/pixels";

export async function told(file: File): Promise<string> {
  await Promise.all([init(), initPixels()]);
  const report: Report = await check(file, 64);
  if (report.refused !== null) return report.refused.message;
  const chunks: Chunk[] = group([report]).chunks;
  const scanner = new HeaderScanner(file.size);
  const answer = scanner.push(new Uint8Array(11520));
  const need: number = "need" in answer ? answer.need : answer.findings.length;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { stars, fwhm } = quality(bytes);
  const { rgba, width } = preview(bytes, 160);
  return `${chunks[0].chunk_key} ${report.facts?.object ?? "no name"} ${need} ${stars} ${fwhm} ${rgba.length / width}`;
}
