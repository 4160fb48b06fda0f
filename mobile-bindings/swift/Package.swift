// swift-tools-version: 6.0
import PackageDescription

// On Apple platforms the Rust library comes as an XCFramework (see README.md); elsewhere, as in the tests
// here, it is the shared library in a folder given to the linker: `swift test -Xlinker -L -Xlinker DIR`.
#if os(Linux)
let core: Target = .systemLibrary(name: "IronfeetFFI")
#else
let core: Target = .binaryTarget(name: "IronfeetFFI", path: "IronfeetFFI.xcframework")
#endif

let package = Package(
    name: "Ironfeet",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Ironfeet", targets: ["Ironfeet"])],
    targets: [
        core,
        .target(
            name: "Ironfeet",
            dependencies: ["IronfeetFFI"],
            linkerSettings: [.linkedLibrary("ironfeet_ffi", .when(platforms: [.linux]))]
        ),
        .testTarget(name: "IronfeetTests", dependencies: ["Ironfeet"]),
    ]
)
