/// <reference lib="esnext.disposable" />
/* tslint:disable */
/* eslint-disable */

/**
 * A picture of a frame.
 */
export class Preview {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Rows.
     */
    height: number;
    /**
     * Columns.
     */
    width: number;
    /**
     * Red, green, blue and 255 of each pixel, row by row, as `ImageData` takes it.
     */
    readonly rgba: Uint8Array;
}

/**
 * How good a frame is.
 */
export class Quality {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Median width of the stars at half maximum, px; NaN without stars.
     */
    fwhm: number;
    /**
     * Level of the sky, ADU.
     */
    sky: number;
    /**
     * Stars found.
     */
    stars: number;
}

/**
 * A picture, at most `longest` pixels long, of a raw frame of whose file `bytes` are all.
 *
 * # Errors
 * A file that is no raw frame.
 */
export function preview(bytes: Uint8Array | number[], longest: number): Preview;

/**
 * Stars, their width and the sky of a raw frame, of whose file `bytes` are all. Takes 40 ms for a frame of 2 megapixels.
 *
 * # Errors
 * A file that is no raw frame.
 */
export function quality(bytes: Uint8Array | number[]): Quality;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_get_preview_height: (a: number) => number;
    readonly __wbg_get_preview_width: (a: number) => number;
    readonly __wbg_get_quality_fwhm: (a: number) => number;
    readonly __wbg_get_quality_sky: (a: number) => number;
    readonly __wbg_get_quality_stars: (a: number) => number;
    readonly __wbg_preview_free: (a: number, b: number) => void;
    readonly __wbg_quality_free: (a: number, b: number) => void;
    readonly __wbg_set_preview_height: (a: number, b: number) => void;
    readonly __wbg_set_preview_width: (a: number, b: number) => void;
    readonly __wbg_set_quality_fwhm: (a: number, b: number) => void;
    readonly __wbg_set_quality_sky: (a: number, b: number) => void;
    readonly __wbg_set_quality_stars: (a: number, b: number) => void;
    readonly preview: (a: number, b: number, c: number) => [number, number, number];
    readonly preview_rgba: (a: number) => [number, number];
    readonly quality: (a: number, b: number) => [number, number, number];
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
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
