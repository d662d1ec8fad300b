"""The script of the page that sends files and shows how far they are; it asks nobody but this server."""

STATE = {
    "files_kind": "auto",
    "files_phase": "",
    "files_sent": 0,
    "files_name": "",
    "files_result": "",
    "files_failed": False,
    "files_question": "",
}
"""Known to the page alone. files_phase: "", "sending" or "reading"; files_question: "", "replace", "new" or
"vocabulary"."""

SCRIPT = """
window.guidegenFiles = (() => {
  const get = name => window.trame.state.get(name);
  const set = values => window.trame.state.update(values);
  let waiting = [], file = null, request = null;

  function add(files) {
    waiting.push(...files);
    if (!file) next();
  }
  function next() {
    file = waiting.shift() || null;
    if (!file) return;
    const scene = file.name.toLowerCase().endsWith('.mrb');
    if (scene && get('files_has_work')) set({ files_question: 'replace', files_name: file.name });
    else send(false);
  }
  function send(replace, kind) {
    const query = new URLSearchParams({ name: file.name, kind: kind || get('files_kind') || 'auto' });
    if (replace) query.set('replace', '1');
    request = new XMLHttpRequest();
    request.open('POST', 'files/upload?' + query);
    request.upload.onprogress = e => e.lengthComputable && set({ files_sent: Math.floor(100 * e.loaded / e.total) });
    request.upload.onload = () => set({ files_phase: 'reading' });
    request.onload = () => request.status === 300
      ? ask(JSON.parse(request.responseText)) : end(request.responseText.trim(), request.status !== 200);
    request.onerror = () => end('broken', true);
    request.onabort = () => { waiting = []; end('cancelled', false); };
    set({ files_phase: 'sending', files_sent: 0, files_name: file.name, files_result: '', files_question: '' });
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.send(file);
  }
  function end(text, failed) {
    file = request = null;
    set({ files_phase: '', files_result: text, files_failed: failed });
    next();
  }
  function ask(question) {
    request = null;
    set({ files_phase: '', files_choices: question.choices, files_alone: question.alone, files_structure: null,
          files_question: 'vocabulary' });
  }
  function choose(labels) {
    set({ files_question: '' });
    if (labels) send(false, labels);
    else end('unopened', false);
  }
  function answer(yes) {
    set({ files_question: '' });
    if (yes) send(true);
    else { file = null; next(); }
  }
  function save(address) {
    const link = document.createElement('a');
    link.href = address;
    link.download = '';
    document.body.append(link);
    link.click();
    link.remove();
  }
  window.addEventListener('dragover', e => { if (e.dataTransfer.types.includes('Files')) e.preventDefault(); });
  window.addEventListener('drop', e => {
    if (!e.dataTransfer.files.length) return;
    e.preventDefault();
    add(e.dataTransfer.files);
  });
  return { add, answer, choose, cancel: () => request && request.abort(), save };
})();
"""
