// Hands a question of ours to the browser, and what the authenticator answers back to us, as a form.
"use strict";
(function () {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  function made(options) {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    for (const one of options.excludeCredentials || []) one.id = bytes(one.id);
    return navigator.credentials.create({ publicKey: options });
  }

  async function found(form) {
    const answer = await fetch(form.dataset.passkeyAsk, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("Tenantkeep does not answer just now. Try again.");
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    return navigator.credentials.get({ publicKey: options });
  }

  function asJson(credential) {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  }

  const SENTENCES = {
    NotAllowedError: "Nothing was chosen, or it took too long. Try again.",
    InvalidStateError: "That device has a passkey of yours already.",
    NotSupportedError: "This device cannot keep such a passkey. Take another one.",
    SecurityError: "Passkeys do not work at this address.",
  };

  async function ask(form, act) {
    const trouble = form.querySelector("[data-passkey-trouble]");
    const button = form.querySelector("button");
    trouble.hidden = button.disabled = true;
    try {
      form.elements.answer.value = asJson(await act());
      form.submit();
    } catch (error) {
      trouble.textContent = inLanguage(SENTENCES[error.name] || error.message);
      trouble.hidden = button.disabled = false;
    }
  }

  function serve(form, act) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form, act);
    });
  }

  if (!window.PublicKeyCredential) {
    for (const trouble of document.querySelectorAll("[data-passkey-trouble]")) {
      trouble.textContent = inLanguage("This browser knows no passkeys.");
      trouble.hidden = false;
    }
    return;
  }
  for (const form of document.querySelectorAll("[data-passkey-new]")) {
    serve(form, () => made(JSON.parse(form.dataset.passkeyNew)));
  }
  for (const form of document.querySelectorAll("[data-passkey-ask]")) serve(form, () => found(form));
})();
