// From the Gateway API's resources to gateways and routes in the native form. The entry of this folder.
import type { Draft } from '../../draft.ts'
import type { Problems } from '../../problem.ts'
import type { NamespaceConfig } from '../../schema/config.ts'
import type { ServiceConfig } from '../../schema/services.ts'
import type { Resources } from '../resource.ts'
import { placeIn } from '../resource.ts'
import { Context } from './context.ts'
import { compileGateways } from './listeners.ts'
import { compilePlainRoutes } from './plain-routes.ts'
import { compileRoutes } from './routes.ts'

export function compileGatewayApi(
  resources: Resources,
  known: { readonly services: readonly ServiceConfig[]; readonly namespaces: readonly NamespaceConfig[] },
  problems: Problems,
): Pick<Draft, 'gateways' | 'routes' | 'tcpRoutes'> {
  const context = new Context(resources, known, problems)
  const gateways = compileGateways(context)
  return {
    gateways: gateways.compiled.map(({ config, resource }) => {
      const place = placeIn(resource)
      return { value: config, label: `${resource.kind} ${resource.namespace}/${resource.name}`, at: () => place }
    }),
    routes: compileRoutes(context, gateways),
    tcpRoutes: compilePlainRoutes(context, gateways),
  }
}
