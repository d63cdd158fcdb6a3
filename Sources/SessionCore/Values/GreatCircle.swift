import Glibc

extension ClientContext.Coordinates {
    /// The distance along the surface in kilometres, by the haversine formula on a sphere with a radius of 6371 km;
    /// accurate to half a per cent.
    func kilometres(to other: ClientContext.Coordinates) -> Double {
        let radians = Double.pi / 180
        let latitudes = (other.latitude - latitude) * radians
        let longitudes = (other.longitude - longitude) * radians
        let chord =
            sin(latitudes / 2) * sin(latitudes / 2)
            + cos(latitude * radians) * cos(other.latitude * radians) * sin(longitudes / 2) * sin(longitudes / 2)
        return 2 * 6371 * asin(min(1, chord.squareRoot()))
    }
}
