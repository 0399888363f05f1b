"use strict";

const reference = document.getElementById("reference");

Redoc.init(
    reference.dataset.schema,
    {
        disableGoogleFont: true,
        hideLogo: true,
        nativeScrollbars: true,
        requiredPropsFirst: true,
        theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } },
    },
    reference,
);
