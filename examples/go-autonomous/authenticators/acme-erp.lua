-- SPDX-License-Identifier: MIT
-- The password comes from the environment, as PERILUNE_SECRET_ERP_PASSWORD, and is shown nowhere.
return { type = "basic", username = "go-autonomous", password = secret "ERP_PASSWORD" }
