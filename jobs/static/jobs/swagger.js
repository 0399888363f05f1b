"use strict";

// The CSRF token of who is logged in: with it they can try out what writes, too.
function csrfToken() {
    const found = document.cookie.split("; ").find((cookie) => cookie.startsWith("csrftoken="));
    return found ? found.slice("csrftoken=".length) : "";
}

SwaggerUIBundle({
    url: document.getElementById("reference").dataset.schema,
    domNode: document.getElementById("reference"),
    validatorUrl: null, // It would send the document to a service that checks it.
    deepLinking: true,
    filter: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayOperationId: true,
    requestInterceptor: (request) => {
        if (!["GET", "HEAD"].includes((request.method || "GET").toUpperCase())) {
            request.headers["X-CSRFToken"] = csrfToken();
        }
        return request;
    },
});
