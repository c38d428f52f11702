export type { CompileOptions } from './actool-call.ts';
export { type CompiledCatalog, compileAssetCatalog } from './asset-catalog.ts';
export { type SignAdHocOptions, signAdHoc, verifyWithCodesign } from './codesign.ts';
export { createDiskImage, type DiskImageOptions } from './disk-image.ts';
export type { ToolOpinion } from './opinion.ts';
export { probeToolchain } from './probe.ts';
export {
  buildProductArchive,
  checkPackageSignature,
  type ProductArchiveOptions,
} from './product-archive.ts';
export { validateStaple } from './stapler.ts';
