/** So many bytes from the file's beginning are needed to say more. */
export interface Need {
  need: number;
}

/** What a file's header says, and whether it can be stacked. `null` stands for what it does not say. */
export interface Report {
  usable: boolean;
  error: string | null;
  class: "raw" | "stack" | "other" | null;
  facts: Facts | null;
  chunk_key: string | null;
  healpix_key: string | null;
  healpix_pixel: number | null;
  header_bytes: number | null;
  expected_bytes: number | null;
  bytes: number | null;
  cards: Card[];
  findings: Finding[];
}

/** What a header says of its exposure. */
export interface Facts {
  width: number;
  height: number;
  naxis: number;
  bayer: string | null;
  object: string | null;
  telescope: string | null;
  instrument: string | null;
  filter: string | null;
  exptime_s: number | null;
  gain: number | null;
  date_obs: string | null;
  ra_deg: number | null;
  dec_deg: number | null;
  image_type: string | null;
  stack_count: number | null;
  ccd_temp_c: number | null;
  program: string | null;
}

/** A card; `value` is its text. */
export interface Card {
  keyword: string;
  type: "logical" | "integer" | "real" | "complex" | "string" | "undefined" | "invalid" | "commentary";
  value: string | null;
  comment: string;
  offset: number;
}

/** Something odd about a file. */
export interface Finding {
  code: number;
  severity: "warning" | "error";
  card: string | null;
  offset: number;
  message: string;
}

/** Files by chunk; `members` and `index` are places in the list of reports. */
export interface Grouped {
  chunks: {
    chunk_key: string;
    healpix_key: string | null;
    object: string | null;
    filter: string | null;
    telescope: string | null;
    exptime_s: number | null;
    total_exptime_s: number;
    members: number[];
  }[];
  left_out: { index: number; reason: string }[];
}
