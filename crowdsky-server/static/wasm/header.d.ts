/// <reference lib="esnext.disposable" />
/* tslint:disable */
/* eslint-disable */
/** So many bytes from the file's beginning are needed to say more. */
export interface Need {
    need: number;
}

/**
 * What a file's header says, and whether it can be stacked. `null` stands for what it does not say. `class`, `facts`, the keys and
 * `findings` are what `crowdsky inspect --json` says of the first unit's header.
 */
export interface Report {
    /** Whether its header can be read and all of its first unit is there. */
    usable: boolean;
    /** Why not, in words. */
    error: string | null;
    /** Why a CrowdSky server takes no such file; `null` if it does, as far as name, size and quota allow. */
    refused: Refusal | null;
    class: "raw" | "stack" | "other" | null;
    facts: Facts | null;
    /** `YYYYMMDD.CC_RRR.R_sDD.D`: day, quarter of an hour, rounded RA and Dec. */
    chunk_key: string | null;
    /** `YYYYMMDD.CC_HPnnnnnn`: day, quarter of an hour, HEALPix tile. */
    healpix_key: string | null;
    /** HEALPix tile, NSIDE 128, RING. */
    healpix_pixel: number | null;
    /** Bytes of the header, padding included. */
    header_bytes: number | null;
    /** Bytes that the file should have up to the end of its first unit, padding included. */
    expected_bytes: number | null;
    /** Bytes that it has. */
    bytes: number | null;
    cards: Card[];
    findings: Finding[];
}

/** Why a server takes no such file. */
export interface Refusal {
    code: "not_fits" | "bad_fits" | "not_raw" | "unsupported" | "no_bayer" | "no_date_obs" | "truncated" | "too_long";
    /** In words for the one who has it. */
    message: string;
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
    /** Start of the exposure, `YYYY-MM-DDThh:mm:ss.ssssss`, UTC. */
    date_obs: string | null;
    ra_deg: number | null;
    dec_deg: number | null;
    image_type: string | null;
    stack_count: number | null;
    eq_mode: boolean | null;
    focal_length_mm: number | null;
    pixel_size_um: number | null;
    ccd_temp_c: number | null;
    focus_pos: number | null;
    program: string | null;
    /** Where the telescope stood. Nothing of it leaves the machine. */
    site_lat_deg: number | null;
    site_long_deg: number | null;
}

/** A card; `value` is its text, without quotes. */
export interface Card {
    keyword: string;
    type: "logical" | "integer" | "real" | "complex" | "string" | "undefined" | "invalid" | "commentary";
    value: string | null;
    comment: string;
    /** Byte in the file. */
    offset: number;
}

/** Something odd about a file. */
export interface Finding {
    /** Stays the same for the same kind of oddity. */
    code: number;
    severity: "warning" | "error";
    card: string | null;
    /** Byte in the file. */
    offset: number;
    message: string;
}

/** Files by chunk. */
export interface Grouped {
    /** In order of time. */
    chunks: Chunk[];
    left_out: { index: number; reason: string }[];
}

/** Files that will be stacked together. */
export interface Chunk {
    chunk_key: string;
    healpix_key: string | null;
    object: string | null;
    filter: string | null;
    telescope: string | null;
    /** Of one of them. */
    exptime_s: number | null;
    /** Of all of them. */
    total_exptime_s: number;
    /** Places in the list of reports, in order of time. */
    members: number[];
}



/**
 * Reads the header of a file from its beginning, piece by piece.
 */
export class HeaderScanner {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The report on a file that ends here.
     */
    finish(): Report;
    /**
     * For a file of `size` bytes (`File.size`). The server takes headers of `header_blocks` blocks of 2880 bytes, 64 where nothing is said.
     */
    constructor(size?: number | null, header_blocks?: number | null);
    /**
     * Takes the next piece. Either the report, or how many bytes from the file's beginning are needed.
     */
    push(piece: Uint8Array | number[]): Report | Need;
}

/**
 * Sorts the files of these reports into chunks, as the server will.
 *
 * # Errors
 * If one of them has no facts.
 */
export function group(reports: readonly Report[]): Grouped;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_headerscanner_free: (a: number, b: number) => void;
    readonly group: (a: any) => [number, number, number];
    readonly headerscanner_finish: (a: number) => [number, number, number];
    readonly headerscanner_new: (a: number, b: number, c: number) => number;
    readonly headerscanner_push: (a: number, b: number, c: number) => [number, number, number];
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
