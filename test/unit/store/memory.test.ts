import { test } from "uvu";
import { MemoryStore } from "../../../src/store/memory.ts";
import { storeContract } from "../../contract/store.ts";

storeContract("memory", () => Promise.resolve(new MemoryStore()));

test.run();
