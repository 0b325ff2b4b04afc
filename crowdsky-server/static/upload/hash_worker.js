// SHA-256 of files, away from the page. Each question has a number, and its answer the same.

addEventListener("message", async ({ data: { number, file } }) => {
  try {
    const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const sha256 = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
    postMessage({ number, sha256 });
  } catch (error) {
    postMessage({ number, error: `The file cannot be read: ${error.message}` });
  }
});
