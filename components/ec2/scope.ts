import type { Scope as BackendScope } from "../farm/scope";
import type { Ec2BuildersArgs } from "./arguments";

export { pathOf, physicalPrefix, scopeOf, tagsOf } from "../farm/scope";

/** What every resource of a builder on EC2 shares. */
export type Scope = BackendScope<Ec2BuildersArgs>;
