// The jobs of a session, kept up to date.

import { watch } from "./events.js";

const jobs = document.getElementById("jobs");
const ENDED = new Set(["completed", "failed", "cancelled"]);

if (jobs) watch(jobs.dataset.session, { job: update, live: (how) => (document.getElementById("live").textContent = how) });

function update(job) {
  const card = jobs.querySelector(`[data-job="${Number(job.id)}"]`);
  if (!card) return;
  const part = (name) => card.querySelector(`[data-${name}]`);
  if (job.status === "cancelled") {
    card.remove();
    return summary();
  }
  card.dataset.status = job.status;
  const badge = part("badge");
  badge.textContent = job.status;
  badge.className = `badge ${job.status}`;
  part("attempt").textContent = `${job.attempt}/${job.max_attempts}`;
  part("worker").textContent = job.worker ?? "-";
  part("progress").value = job.status === "completed" ? 100 : Math.round(job.progress * 100);
  part("error").textContent = job.error_message ?? "";
  part("error").hidden = !job.error_message || job.status === "completed";
  part("retry").hidden = job.status !== "failed";
  part("stack").hidden = job.stack_id === null;
  if (job.stack_id !== null) part("stack").href = `/stacks.php?id=${Number(job.stack_id)}`;
  summary();
}

function summary() {
  const cards = [...jobs.querySelectorAll("[data-job]")];
  const ended = cards.filter((card) => ENDED.has(card.dataset.status)).length;
  const overall = document.getElementById("overall");
  overall.max = Math.max(1, cards.length);
  overall.value = ended;
  document.getElementById("summary").textContent = `${ended} of ${cards.length} jobs ended`;
}
