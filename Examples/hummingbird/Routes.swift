import Foundation
import HTTPTypes
import Hummingbird
import SojournClient
import SojournHummingbird

typealias Context = BasicSojournRequestContext

/// What the service does: log in, see your devices, log out here, elsewhere or everywhere, and one page for which a second factor
/// is required.
func routes(_ sojourn: some SessionService, origins: Set<String>, proxies: Int) throws -> Router<Context> {
    var configuration = SessionMiddlewareConfiguration(origins: origins)
    configuration.proxies = proxies
    let router = Router(context: Context.self)
    router.get("style.css") { _, _ in Response.styleSheet }
    router.add(middleware: try SessionMiddleware(configuration, sojourn)).add(middleware: PagesForRefusals())

    router.get { _, context in
        let mine = try context.requestSession()
        guard mine.hasSessionToken else { return Response(Pages.logIn()) }
        let session = try await mine.require()
        return Response(Pages.devices(try await sojourn.sessions(of: session.subject).sessions, of: session))
    }
    router.post("log-in") { request, context in
        let body = try await request.body.collect(upTo: 4096)
        guard let form = try? URLEncodedFormDecoder().decode(LogIn.self, from: String(buffer: body)),
            (1...64).contains(form.name.unicodeScalars.count)
        else { return Response(Pages.logIn("A name has 1 to 64 characters."), status: .badRequest) }
        // Yours would check a password or a passkey here, and tell Sojourn how the subject has authenticated.
        let device = Device(name: browserName(request.headers[.userAgent]))
        try await context.requestSession().begin(
            form.name, device: device, authentication: Authentication(methods: ["pwd"]))
        return Response.redirect(to: "/")
    }
    router.post("log-out") { _, context in
        try await context.requestSession().end()
        return Response.redirect(to: "/")
    }

    let own = router.group().add(middleware: RequireSession())
    own.post("log-out-everywhere") { _, context in
        let subject = try context.authenticatedSession().subject
        _ = try await sojourn.revoke(.subject(subject), reason: "logout_everywhere")
        try await context.requestSession().end()
        return Response.redirect(to: "/")
    }
    own.post("devices/:id/log-out") { _, context in
        let id = try context.parameters.require("id")
        let subject = try context.authenticatedSession().subject
        // Ids are no secrets: only those of the subject's own sessions may be ended here.
        let isMine = try await sojourn.sessions(of: subject).sessions.contains { $0.id == id }
        guard isMine else { throw HTTPError(.notFound) }
        _ = try await sojourn.revoke(.session(id: id), reason: "logout_elsewhere")
        return Response.redirect(to: "/")
    }
    // A session that waits for its second factor, or comes from a strange place, is not let in before it.
    router.post("confirm") { _, context in
        // Yours would check a code or a passkey here.
        let proof = Proof.authentication(Authentication(methods: ["otp"]))
        try await context.requestSession().elevate(with: proof)
        return Response.redirect(to: "/recovery-codes")
    }

    router.group("recovery-codes").add(middleware: RequireSession(SessionRequirement(level: 2))).get { _, _ in
        Response(Pages.recoveryCodes((1...8).map { _ in String(UInt32.random(in: 0x1000_0000 ... .max), radix: 36) }))
    }
    return router
}

private struct LogIn: Decodable {
    let name: String
}
