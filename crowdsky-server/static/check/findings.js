// What each finding means to the owner of a file: what it is, whether it matters for stacking, what to do. By code, as
// crowdsky-fits numbers them; a test fails when one is missing here.

const NO = "No. ";
const NOTHING = "Nothing.";
const COPY = "Copy the file from the telescope again and check it here before you send it.";

/** @type {Record<number, {title: string, means: string, matters: string, todo: string}>} */
export const FINDINGS = {
  // 1xx: the structure of the file.
  101: {
    title: "The header's last block is short",
    means: "FITS files are made of blocks of 2,880 bytes. The block in which this header ends is not filled up.",
    matters: NO + "Everything up to END was read. It may be a sign that the file was cut off right there, which is told separately.",
    todo: "If the file should hold a picture, copy it from the telescope again.",
  },
  102: {
    title: "Something stands behind END",
    means: "After the END card only blanks may follow up to the end of the block. Here are other bytes, often zeros.",
    matters: NO + "Nothing behind END is read.",
    todo: NOTHING + " If you write such files yourself, fill the block with blanks.",
  },
  103: {
    title: "The last block of pixels is short",
    means: "All pixels are there, but the block in which they end is not filled up to 2,880 bytes.",
    matters: "Not for the picture: no pixel is missing. An upload is measured against the full length, though, and is not accepted.",
    todo: COPY,
  },
  104: {
    title: "The filling behind the pixels is not zero",
    means: "After the last pixel the block is filled up with zero bytes. Here are others.",
    matters: NO + "The filling is never used as pixels.",
    todo: NOTHING,
  },
  105: {
    title: "Bytes after the end",
    means: "The file goes on after the last unit that its headers speak of, with bytes that are no FITS.",
    matters: "The picture is whole. Uploads are not accepted with bytes that nobody can explain.",
    todo: COPY,
  },
  106: {
    title: "Pixels are missing",
    means: "The header promises more data than the file has: it was cut off, most often by a copy that was interrupted or a full disk.",
    matters: "Yes. A frame without its lower part cannot be aligned and combined with the others.",
    todo: COPY,
  },
  107: {
    title: "A later part cannot be read",
    means: "The file has several units (pictures or tables). One behind the first has a header that cannot be read, so the rest is unknown.",
    matters: NO + "Raw frames are read from the first unit only.",
    todo: "If you need the later parts, copy the file again from where it came.",
  },
  108: {
    title: "The END card holds more than END",
    means: "The card that ends the header should be blank but for the word END.",
    matters: NO + "The header ends there all the same.",
    todo: NOTHING,
  },
  199: {
    title: "More findings than are listed",
    means: "So much is odd about this file that only the first thousand findings are kept.",
    matters: "A file like this was most likely written over or mixed up with another one.",
    todo: COPY,
  },

  // 2xx: the keywords every file must have.
  201: {
    title: "A mandatory keyword is out of place",
    means: "SIMPLE, BITPIX, NAXIS and the sizes have to be the first cards, in this order. One was found elsewhere.",
    matters: NO + "It was found and used. Stricter programs may refuse the file.",
    todo: "Nothing for CrowdSky. If a program you use adds cards to the headers, see whether a newer version puts them in order.",
  },
  202: {
    title: "A mandatory keyword is not in fixed format",
    means: "The values of the first cards have to stand in fixed columns. This one is written somewhere else in its card.",
    matters: NO + "The value was read.",
    todo: NOTHING,
  },
  203: {
    title: "A mandatory keyword is missing",
    means: "A keyword that the standard asks for is not there; its usual value was assumed.",
    matters: NO + "The value that was assumed is the one that fits nearly all files.",
    todo: NOTHING,
  },
  204: {
    title: "A mandatory keyword has an unusual value",
    means: "For example SIMPLE = F, by which a file says that it does not follow the standard, or a size written as 1920.0.",
    matters: "Not if the facts above (size, exposure) are what you expect.",
    todo: "Compare the facts above with what your telescope records.",
  },

  // 3xx: single cards.
  301: {
    title: "A keyword with characters that are not allowed",
    means: "Keywords are made of A to Z, 0 to 9, hyphen and underscore. This one has something else in it.",
    matters: NO + "CrowdSky does not use this card.",
    todo: NOTHING,
  },
  302: {
    title: "A keyword in lower case",
    means: "Keywords are written in capitals. This one was read as if it were.",
    matters: NO + "It was read all the same.",
    todo: NOTHING,
  },
  303: {
    title: "No blank after the equals sign",
    means: "A value begins after an equals sign and a blank. Here the blank is missing.",
    matters: NO + "The value was read.",
    todo: NOTHING,
  },
  304: {
    title: "Neither a value nor a comment",
    means: "The card has no equals sign where one belongs, and its keyword is none that stands for a comment. It was kept as a comment.",
    matters: "Only if it is a card that CrowdSky needs: DATE-OBS, BAYERPAT, EXPTIME, RA, DEC, FILTER, OBJECT.",
    todo: "If it is one of those, look at the card below and ask the maker of the program that wrote it.",
  },
  305: {
    title: "A text without its closing quote",
    means: "Texts stand between single quotes. The second one is missing, so all the rest of the card was taken, its comment too.",
    matters: "Rarely. A target's name may be longer than it should be, and then its frames form a group of their own.",
    todo: "Look at the value in the table below; if the name of your target is wrong, correct it in the file.",
  },
  306: {
    title: "Text between value and comment",
    means: "After the value there is something before the slash that begins the comment. It was ignored.",
    matters: NO + "The value itself was read.",
    todo: "Look at the card below: a text without quotes loses all but its first word.",
  },
  307: {
    title: "A value that cannot be read",
    means: "The value is no number, no T or F, and no text in quotes. What is written there was kept as it is.",
    matters: "Only if CrowdSky needs the card. What it needs and cannot use is told in a finding of its own (702).",
    todo: "Nothing, unless the card is DATE-OBS, BAYERPAT, EXPTIME, RA or DEC: then correct it in the file.",
  },
  308: {
    title: "A number with a small e",
    means: "The exponent of a number is written with a capital E: 1.5E3. This one has a small letter.",
    matters: NO + "It was read as the number that is meant.",
    todo: NOTHING,
  },
  309: {
    title: "A number that is not finite",
    means: "NaN, infinity, or a number too large for a computer. Often a sensor that was not connected.",
    matters: "Only for the exposure or the pointing: those are taken as unknown then.",
    todo: "If it is RA, DEC or EXPTIME, see whether the telescope knew where it was looking that night.",
  },
  310: {
    title: "A very large whole number",
    means: "The number has more digits than fit into 64 bits. Its digits were kept as a text.",
    matters: NO + "CrowdSky uses no number of that size.",
    todo: NOTHING,
  },
  311: {
    title: "A character that does not belong in a header",
    means: "Headers are made of plain ASCII. This card has another character, an accent or a degree sign for example; it was read as Latin-1.",
    matters: "Not for the picture. The name of the target may look odd.",
    todo: "If the name matters to you, give your target one without accents in the telescope's app.",
  },
  312: {
    title: "A keyword is there twice",
    means: "Two cards have the same keyword. The first one counts.",
    matters: "Only if the two say different things about exposure, time, pointing or filter.",
    todo: "Type the keyword into the search below and compare the two.",
  },
  313: {
    title: "A continuation of nothing",
    means: "A CONTINUE card goes on with a long text, but there is none before it. It was kept as a comment.",
    matters: NO + "No card that CrowdSky needs is so long.",
    todo: NOTHING,
  },
  314: {
    title: "A long text was cut",
    means: "A text over many CONTINUE cards is longer than 65,536 characters. The rest of it is lost.",
    matters: NO + "CrowdSky uses no text of that length.",
    todo: NOTHING,
  },

  // 4xx: what cards mean together.
  401: {
    title: "BLANK with floating-point pixels",
    means: "BLANK names the number that stands for \"no value\", and belongs to whole numbers only. It was ignored.",
    matters: "Not by itself. Pixels with a decimal point are the mark of a picture that was worked on, and only raw frames are stacked.",
    todo: "Look for the raw frame of this exposure.",
  },
  402: {
    title: "The scaling of the pixels cannot be read",
    means: "BZERO or BSCALE tells how stored numbers become brightness. It is no number here, and the usual one was assumed.",
    matters: "Yes. With the wrong zero point all brightnesses are off by 32,768, and the frame does not fit the others.",
    todo: COPY,
  },

  // 5xx: tables.
  501: {
    title: "The columns do not fill the rows",
    means: "The file holds a table whose rows are longer than all columns together. The rest of each row was passed over.",
    matters: NO + "Raw frames have no tables.",
    todo: NOTHING,
  },
  502: {
    title: "A column's keyword cannot be used",
    means: "A card that describes a column of a table makes no sense and was ignored.",
    matters: NO + "Raw frames have no tables.",
    todo: "If you work with the table, look at the card below.",
  },
  503: {
    title: "A table cannot be read",
    means: "The description of a table is broken, so its rows cannot be told apart.",
    matters: NO + "Raw frames have no tables.",
    todo: "If you need the table, make the file again with the program that wrote it.",
  },

  // 6xx: checksums.
  601: {
    title: "The data was changed",
    means: "DATASUM is a sum over all pixels. It is not that of the pixels in this file: they were changed after it was written.",
    matters: "Yes, if you did not change them on purpose: a fault of a disk or a cable looks like this.",
    todo: COPY,
  },
  602: {
    title: "Header or data was changed",
    means: "CHECKSUM is a sum over header and pixels. It does not fit any more.",
    matters: "Not if a program has added cards and left the sum as it was. Yes, if DATASUM does not fit either.",
    todo: "See whether the data was changed too (601). If it was, copy the file again.",
  },
  603: {
    title: "A checksum is not of its form",
    means: "DATASUM or CHECKSUM holds something that is no checksum, so nothing could be compared.",
    matters: NO + "CrowdSky keeps a hash of its own of every file.",
    todo: NOTHING,
  },

  // 7xx: the facts of an exposure.
  701: {
    title: "A fact of the exposure is missing",
    means: "The header does not have this card.",
    matters:
      "Without DATE-OBS the frame is not accepted: nobody could say which 15 minutes it belongs to. Nor is it without BAYERPAT: nobody could say which " +
      "pixel has which colour. Without RA, DEC or EXPTIME it is stacked apart from the frames that have them.",
    todo: "Frames straight from a Seestar have all of them. If a program has rewritten the file, take the original.",
  },
  702: {
    title: "A fact of the exposure cannot be used",
    means: "The card is there, but its value is no date, no colour pattern, no position or no exposure time. It was taken as absent.",
    matters: "Yes for DATE-OBS and BAYERPAT: without them the frame is not accepted. Without the pointing or the exposure it is stacked apart from its neighbours.",
    todo: "Look at the card below. Correct it in the file, or take the original from the telescope.",
  },
};

/** The explanation of that code; of one that is newer than this page, what can be said of any. */
export function explained(code) {
  return FINDINGS[code] ?? {
    title: "A finding without an explanation yet",
    means: "The check is newer than the words of this page.",
    matters: "See the verdict above.",
    todo: "Load the page again.",
  };
}
